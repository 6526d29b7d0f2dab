"""What a training plan keeps of the store in the memory of the training device."""

import torch

from kwskit.arguments import ArgumentError
from kwskit.data.store.packed_store import PackedStore
from kwskit.data.store.resident_features import ResidentFeatures
from kwskit.data.store.resident_store import ResidentStore
from kwskit.systems.system import System
from kwskit.training.plan import TrainingPlan


def resident_speech(
    plan: TrainingPlan, store: PackedStore, system: System, device: torch.device | str
) -> ResidentStore | ResidentFeatures | None:
    """The samples or features of ``store`` on ``device``, as ``training.resident`` says.

    Features are of the precision that training needs: float32, or with mixed precision float16, whose mantissa is
    longer than that of bfloat16, and whose range features never leave.

    Raises
    ------
    kwskit.arguments.ArgumentError
        When features are to be made ahead, but training changes what they would be made of, or how.
    kwskit.data.store.device_memory.DoesNotFit
        When the device has too little free memory.
    """
    if plan.resident is None:
        return None
    if plan.resident == "pcm":
        return ResidentStore(store, device)
    if not system.has_frontend:
        raise ArgumentError("training.resident", f"cannot be features: {type(system).__name__} has no frontend")
    if system.wave_augment is not None:
        raise ArgumentError(
            "training.resident",
            "cannot be features: they are made once, before training, but system.wave_augment changes the samples they "
            "are made of in every step; set system.wave_augment to null, or training.resident to pcm",
        )
    if any(parameter.requires_grad for parameter in system.frontend.parameters()):
        raise ArgumentError(
            "training.resident", "cannot be features: they are made once, but this system's frontend learns; use pcm"
        )
    frontend = system.frontend.to(device).eval()
    return ResidentFeatures(store, frontend, device, torch.float32 if plan.precision == "fp32" else torch.float16)
