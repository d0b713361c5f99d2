"""Image models behind AUTOMATIC1111's API: its web UI, Forge, SD.Next, and sd-server's copy of it."""
