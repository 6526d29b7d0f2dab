"""Columns of tables in the one spelling of keywords."""

import pyarrow as pa
import pyarrow.compute as pc

from kwskit.text.normal_form import merged_spellings, normal_form


def with_normal_form(table: pa.Table, name: str) -> tuple[pa.Table, dict[str, list[str]]]:
    """``table`` with the column ``name`` in its :func:`normal_form`, and the spellings that this has merged.

    The table itself comes back where nothing changes; the spellings are those of
    :func:`kwskit.text.normal_form.merged_spellings`.
    """
    texts = pc.unique(table[name])
    spelt = [text for text in texts.to_pylist() if text is not None]
    forms = {text: form for text in spelt if (form := normal_form(text)) != text}
    if not forms:
        return table, {}
    written = pa.array([forms.get(text, text) for text in texts.to_pylist()], table[name].type)
    column = written.take(pc.index_in(table[name], texts))
    touched = set(forms.values())
    merged = merged_spellings(text for text in spelt if forms.get(text, text) in touched)
    return table.set_column(table.column_names.index(name), name, column), merged
