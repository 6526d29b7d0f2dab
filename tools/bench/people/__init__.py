"""How people.py measures models on recordings of people: the clips, their trials, figures and tables."""
