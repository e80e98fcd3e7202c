"""Real messages over direct-communication links: coding, secrecy, checks, and the two parties that agree to stop.

`plan` decides how long a frame must be, `secrecy` hides the message in it, `parties` are state machines without I/O,
`send` drives them over the photons of `photons`. May import `silla.coding`. Read `send` first.
"""
