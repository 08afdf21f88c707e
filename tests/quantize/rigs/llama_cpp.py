"""Runs llama.cpp's own converters, for tests to compare with: rig's Python, not the project's.

    python llama_cpp.py LLAMA_CPP convert_hf_to_gguf.py [its arguments]

They tell a tokenizer by a hash over what it makes of a text, and refuse one that they do not know.
The small tokenizers of the tests split text as StarCoder2's does, but have few tokens; an unknown
one is taken for StarCoder2's here.
"""

import runpy
import sys
from pathlib import Path


def main() -> None:
    root, script, *arguments = sys.argv[1:]
    sys.path.insert(0, root)
    from conversion.base import TextModel

    known = TextModel.get_vocab_base_pre

    def known_or_starcoder(self: TextModel, tokenizer: object) -> str:
        try:
            return known(self, tokenizer)
        except NotImplementedError:
            return "starcoder"

    TextModel.get_vocab_base_pre = known_or_starcoder
    sys.argv = [script, *arguments]
    runpy.run_path(str(Path(root) / script), run_name="__main__")


if __name__ == "__main__":
    main()
