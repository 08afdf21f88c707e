"""The quantization types that llama.cpp offers, by the names that its own tool uses.

A file's type is a mixture: it says which type each tensor gets. A tensor's type is ggml's.
"""

from __future__ import annotations

import difflib
import re

import gguf

from quantize.failures import BadInput

# Without importance matrices llama.cpp refuses these, for what comes out is noise.
NEEDS_IMATRIX = frozenset(
    {"IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ2_M", "Q2_K_S", "IQ3_XXS"}
)
_ALIASES = {"Q3_K": "Q3_K_M", "Q4_K": "Q4_K_M", "Q5_K": "Q5_K_M"}
_NAMES = (
    "F32",
    "F16",
    "BF16",
    "Q8_0",
    "Q6_K",
    "Q5_K_M",
    "Q5_K_S",
    "Q5_1",
    "Q5_0",
    "Q4_K_M",
    "Q4_K_S",
    "Q4_1",
    "Q4_0",
    "IQ4_NL",
    "IQ4_XS",
    "Q3_K_L",
    "Q3_K_M",
    "Q3_K_S",
    "IQ3_M",
    "IQ3_S",
    "IQ3_XS",
    "IQ3_XXS",
    "Q2_K",
    "Q2_K_S",
    "IQ2_M",
    "IQ2_S",
    "IQ2_XS",
    "IQ2_XXS",
    "IQ1_M",
    "IQ1_S",
    "TQ2_0",
    "TQ1_0",
)
# llama.cpp's numbers for whole files, as gguf lists them.
FILE_TYPES = {
    name: int(gguf.LlamaFileType["ALL_F32" if name == "F32" else f"MOSTLY_{name}"])
    for name in _NAMES
}
TENSOR_TYPES = {
    kind.name: int(kind)
    for kind in gguf.GGMLQuantizationType
    if kind.name not in {"I8", "I16", "I32", "I64", "F64", "Q8_1", "Q8_K"}
}


def file_type(name: str) -> str:
    """The canonical name of a file's type. Raises BadInput with the names near to it."""
    wanted = name.upper().replace("-", "_")
    wanted = _ALIASES.get(wanted, wanted)
    if wanted not in FILE_TYPES:
        raise BadInput(_unknown("quantization type", name, [*FILE_TYPES, *_ALIASES]))
    return wanted


def override(text: str) -> tuple[str, str]:
    """The pattern and the tensor type of PATTERN=TYPE. Raises BadInput."""
    pattern, sign, name = text.rpartition("=")
    if not (pattern and sign and name):
        raise BadInput(
            f"--tensor wants PATTERN=TYPE, such as 'attn_v=Q8_0' or 'ffn_down=Q6_K', not {text!r}."
        )
    # Q4_K_M is a mixture: what its name means for one tensor is Q4_K.
    wanted = re.sub(r"(?<=_K)_[SML]$", "", name.upper())
    if wanted not in TENSOR_TYPES:
        raise BadInput(_unknown("tensor type", name, list(TENSOR_TYPES)))
    # llama.cpp's own tool lowers the pattern's letters, for all names of tensors are so.
    return pattern.lower(), wanted


def _unknown(what: str, name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name.upper(), known, n=4, cutoff=0.5) or known[:12]
    return f"There is no {what} {name!r}; near to it: {', '.join(near)}."


def n_bytes(tensor_type: str, shape: tuple[int, ...]) -> int:
    """The bytes of a tensor in a file, without padding."""
    block, size = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[tensor_type]]
    n_elements = 1
    for n in shape:
        n_elements *= n
    return n_elements // block * size
