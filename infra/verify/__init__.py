"""What was packaged, held to what it must be: linted, translated, unpacked and called, and deployed to an emulator."""
