"""Draws screens of a terminal as an animated GIF.

Needs Pillow and the font DejaVu Sans Mono, which nothing else here does.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from rich.color import Color, ColorType
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

FONT, FONT_SIZE, LINE_HEIGHT = "DejaVuSansMono.ttf", 14, 18
MARGIN = 8
N_COLOURS = 48


def save_gif(frames: Sequence[tuple[str, float]], columns: int, path: Path) -> None:
    """Write screens, with their colours as escape sequences, each for so many seconds."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.truetype(FONT, FONT_SIZE)
    cell = font.getlength("M")
    height = max(len(screen.splitlines()) for screen, _ in frames)
    size = (round(columns * cell) + 2 * MARGIN, height * LINE_HEIGHT + 2 * MARGIN)
    console = Console(width=columns, file=io.StringIO(), color_system="truecolor")
    images = []
    for screen, _ in frames:
        image = Image.new("RGB", size, MONOKAI.background_color)
        draw = ImageDraw.Draw(image)
        for row, line in enumerate(screen.splitlines()):
            x, y = float(MARGIN), MARGIN + row * LINE_HEIGHT
            for segment in console.render(Text.from_ansi(line, end="")):
                width = segment.cell_length * cell
                style = segment.style
                fore = _rgb(style.color if style else None, MONOKAI.foreground_color)
                back = _rgb(style.bgcolor if style else None, MONOKAI.background_color)
                if style and style.reverse:
                    fore, back = back, fore
                if back != tuple(MONOKAI.background_color):
                    draw.rectangle((x, y, x + width, y + LINE_HEIGHT), fill=back)
                draw.text((x, y), segment.text, font=font, fill=fore)
                x += width
        images.append(image)
    # One palette for all: then each frame holds only what has changed.
    palette = max(images, key=lambda image: len(image.getcolors(1 << 24))).quantize(N_COLOURS)
    images = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    durations_ms = [max(round(seconds * 100) * 10, 20) for _, seconds in frames]
    images[0].save(
        path, save_all=True, append_images=images[1:], duration=durations_ms, loop=0, optimize=True
    )


def _rgb(color: Color | None, otherwise: tuple[int, int, int]) -> tuple[int, int, int]:
    if color is None or color.type is ColorType.DEFAULT:
        return tuple(otherwise)
    return tuple(color.get_truecolor(MONOKAI))
