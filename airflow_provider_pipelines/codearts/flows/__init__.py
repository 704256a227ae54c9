"""What takes several calls of CodeArts: looking at runs, ending them, starting one and finding it again."""
