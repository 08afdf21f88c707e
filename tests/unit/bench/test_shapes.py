from __future__ import annotations

import gguf
import pytest

from sc2_lsp.bench.shapes import SHAPES, Mix, Tensor, TensorType, tensors, weight_bytes
from sc2_lsp.models import BUNDLED_MODEL


@pytest.mark.parametrize("kind", TensorType)
def test_block_sizes_are_those_of_the_format(kind: TensorType) -> None:
    sizes = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[kind.name]]
    assert (kind.block_size, kind.block_bytes) == sizes


@pytest.mark.parametrize(("mix", "mib"), [(Mix.Q4_K_M, 1798.78), (Mix.Q4_0, 1666.14)])
def test_a_3b_has_the_size_that_llama_quantize_computes(mix: Mix, mib: float) -> None:
    assert weight_bytes(SHAPES["3b"], mix) / 2**20 == pytest.approx(mib, abs=0.01)


@pytest.mark.parametrize(("shape", "n_params"), [("3b", 3.03e9), ("7b", 7.17e9), ("15b", 15.96e9)])
def test_parameters_of_the_published_models(shape: str, n_params: float) -> None:
    count = sum(tensor.n_rows * tensor.n_columns for tensor in tensors(SHAPES[shape], Mix.Q8_0))
    assert count == pytest.approx(n_params, rel=0.005)


def test_the_tiny_shape_is_the_bundled_models() -> None:
    written = {
        tensor.name: (tensor.n_rows, tensor.n_columns)
        for tensor in tensors(SHAPES["tiny"], Mix.Q8_0)
    }
    bundled = {}
    for tensor in gguf.GGUFReader(BUNDLED_MODEL).tensors:
        n_columns, *rows = (int(size) for size in tensor.shape)
        bundled[tensor.name] = (rows[0] if rows else 1, n_columns)
    assert written == bundled


def test_q4_k_m_widens_both_ends_and_each_third_layer_between() -> None:
    wide = [
        int(tensor.name.split(".")[1])
        for tensor in tensors(SHAPES["3b"], Mix.Q4_K_M)
        if tensor.name.endswith("ffn_down.weight") and tensor.type is TensorType.Q6_K
    ]
    assert wide == [0, 1, 2, 5, 8, 11, 14, 17, 20, 23, 26, 27, 28, 29]


def test_an_untied_output_gets_the_bits_and_the_embeddings_do_not() -> None:
    by_name: dict[str, Tensor] = {
        tensor.name: tensor for tensor in tensors(SHAPES["15b"], Mix.Q4_K_M)
    }
    assert by_name["output.weight"].type is TensorType.Q6_K
    assert by_name["token_embd.weight"].type is TensorType.Q4_K
