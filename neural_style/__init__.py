"""The style-transfer engine the scripts share: pictures, losses, optimiser, runs."""
