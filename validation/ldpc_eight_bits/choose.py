"""Block error rates of corrections and scales: python -m validation.ldpc_eight_bits.choose"""

from __future__ import annotations

from validation.ldpc_eight_bits.link import received

from silla.coding.min_sum import Correction, decode, quantise

POINTS = ((9504, 6.2), (16896, 1.15), (25344, -1.1))
CHOICES = [
    (scale, Correction(s, o)) for scale in (2.0, 3.0, 4.0) for s, o in ((16, 1), (16, 2), (15, 1), (15, 2), (14, 1))
]


def main() -> None:
    for e, es_n0_db in POINTS:
        info, code, llr = received(300, e, es_n0_db)
        for scale, correction in CHOICES:
            wrong = (decode(code, quantise(llr, scale), correction=correction).bits != info).any(axis=1).mean()
            print(f"E {e:5d} {es_n0_db:5.2f} dB  scale {scale}  {correction}  {wrong:.3f}")


if __name__ == "__main__":
    main()
