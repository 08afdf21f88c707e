"""The only door to the Hugging Face hub, through huggingface_hub.

Nothing here runs unless the user asks for a download, and whoever imports it waits for a large
library. Mirror, token, cache, proxy and offline mode are the library's own: HF_ENDPOINT, HF_TOKEN,
HF_HOME, HF_HUB_OFFLINE and so on. Its telemetry is off, whatever the environment says.
"""

from __future__ import annotations

import os

# The library reads these when it is imported, which the modules of this package do.
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
# Its other way to transfer files cannot go on with one that was begun by another process.
os.environ["HF_HUB_DISABLE_XET"] = "1"
