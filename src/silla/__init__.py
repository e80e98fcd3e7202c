"""Silla: an open digital twin of the quantum-secured, AI-native 6G network.

    import silla
    results = silla.run("gyeongju")
"""

__version__ = "0.1.0"
