"""Model cards of the steps of distillation, for planners: each a number that the step's own code keeps to."""

from __future__ import annotations

from silla.base.provenance import Citation, ModelCard, Range, Reference, check_domain, register
from silla.coding.universal_hash import verification_error
from silla.physics.quantum.distillation.efficiency import measured_efficiency
from silla.physics.quantum.presets import LIM

__all__ = ["forgery_probability", "leftover_distance", "sifted_share", "undetected_difference"]

_KEY_BASIS, _ERRORS = Range(0.0, 1.0, ""), Range(0.0, 0.4999, "")
_BLOCK = Range(1.0, 1e15, "bits")
_TAG, _ENTROPY = Range(1, 128, "bits"), Range(0.0, 1e15, "bits")
_MESSAGE = Range(0.0, 2.0**60, "bytes")


def sifted_share(key_basis: float) -> float:
    """Share of the detections that both ends measured in the key basis: q^2, q the chance of either end to choose it.

    >>> sifted_share(0.5)
    0.25
    """
    check_domain("key_basis", key_basis, _KEY_BASIS, what="sifting")
    return key_basis**2


def undetected_difference(n_bits: float, tag_bits: float) -> float:
    """Probability that two different keys of n bits have the same verification tag; see `verification_error`.

    >>> undetected_difference(1e6, 51) < 1e-15
    True
    """
    check_domain("n_bits", n_bits, _BLOCK, what="verification")
    check_domain("tag_bits", tag_bits, _TAG, what="verification")
    return verification_error(int(n_bits), int(tag_bits))


def leftover_distance(min_entropy_bit: float, key_bit: float) -> float:
    """Distance of a hashed key from one of which nobody knows anything: 2^(-(H_min - l) / 2) / 2, at most 1.

    H_min : smooth min-entropy of the reconciled bits, given all that an eavesdropper has. l : bits of the key.

    >>> leftover_distance(1000.0, 980.0) == 0.5 * 2.0**-10
    True
    """
    check_domain("min_entropy_bit", min_entropy_bit, _ENTROPY, what="privacy amplification")
    check_domain("key_bit", key_bit, _ENTROPY, what="privacy amplification")
    return min(1.0, 0.5 * 2.0 ** min(-(min_entropy_bit - key_bit) / 2.0, 1.0))


def forgery_probability(message_byte: float) -> float:
    """Most that one attempt to forge a tag of 128 bits succeeds: (L + 1) 2^-128, L the blocks of the message.

    >>> forgery_probability(0.0) == 2.0**-128
    True
    """
    check_domain("message_byte", message_byte, _MESSAGE, what="authentication")
    return (-(-int(message_byte) // 16) + 1) * 2.0**-128


def _cascade(error_rate: float, block_bit: float) -> float:
    return measured_efficiency("cascade", error_rate, block_bit).f


def _ldpc(error_rate: float, block_bit: float) -> float:
    return measured_efficiency("ldpc", error_rate, block_bit).f


_LO = Citation(
    "lo2005",
    "H.-K. Lo, H. F. Chau, M. Ardehali, Efficient quantum key distribution scheme and a proof of its unconditional "
    "security, J. Cryptology 18, 133 (2005)",
    "https://arxiv.org/abs/quant-ph/0011056",
)
_CASCADE = Citation(
    "martinezmateo2015",
    "J. Martinez-Mateo, C. Pacher, M. Peev, A. Ciurana, V. Martin, Demystifying the information reconciliation "
    "protocol Cascade, Quantum Inf. Comput. 15, 453 (2015)",
    "https://arxiv.org/abs/1407.3257",
)
_MAO = Citation(
    "mao2021",
    "H.-K. Mao, Q. Li, P.-L. Hao, A. M. Iliyasu, A. A. Abd EL-Latif, High throughput reconciliation with small "
    "leakage for quantum key distribution, arXiv:2101.12565 (2021)",
    "https://arxiv.org/abs/2101.12565",
)
_ELKOUSS = Citation(
    "elkouss2011",
    "D. Elkouss, J. Martinez-Mateo, V. Martin, Information reconciliation for quantum key distribution, Quantum Inf. "
    "Comput. 11, 226 (2011)",
    "https://arxiv.org/abs/1007.1616",
)
_WEGMAN = Citation(
    "wegman1981",
    "M. N. Wegman, J. L. Carter, New hash functions and their use in authentication and set equality, J. Comput. "
    "Syst. Sci. 22, 265 (1981)",
    "https://doi.org/10.1016/0022-0000(81)90033-7",
)
_KRAWCZYK = Citation(
    "krawczyk1994",
    "H. Krawczyk, LFSR-based hashing and authentication, CRYPTO '94, LNCS 839, 129 (1994)",
    "https://doi.org/10.1007/3-540-48658-5_15",
)
_LEFTOVER = Citation(
    "tomamichel2011",
    "M. Tomamichel, C. Schaffner, A. Smith, R. Renner, Leftover hashing against quantum side information, IEEE "
    "Trans. Inf. Theory 57, 5524 (2011)",
    "https://arxiv.org/abs/1002.2436",
)

register(
    ModelCard(
        id="quantum.distillation.sifting",
        title="Sifting with biased bases, and estimation of the error rate",
        function=sifted_share,
        sources=(_LO, LIM.source),
        valid={"key_basis": _KEY_BASIS},
        references=(Reference({"key_basis": 0.5}, 0.25, "two ends, each basis half of the time", absolute=1e-12),),
        increasing=("key_basis",),
        left_out="the phase error is bounded from the test basis by the finite-key formula; the sample of 1 % of the "
        "key bits, 256 to 4096 of them, only sets block sizes and rates",
    )
)
register(
    ModelCard(
        id="quantum.distillation.cascade",
        title="Cascade: bits told over the Shannon limit, as measured",
        function=_cascade,
        sources=(_CASCADE, _MAO),
        valid={"error_rate": _ERRORS, "block_bit": _BLOCK},
        references=(
            Reference(
                {"error_rate": 0.02, "block_bit": 1e7},
                1.038,
                "Mao et al. 2021, the best published Cascade",
                absolute=0.01,
            ),
        ),
        left_out="rounds over a line with delay; errors in bursts, which the random orders of later passes spread; a "
        "whole frame keeps errors with a chance of about 2e-6, and its block is then given up",
    )
)
register(
    ModelCard(
        id="quantum.distillation.ldpc",
        title="Rate-adaptive LDPC reconciliation: bits told over the Shannon limit, as measured",
        function=_ldpc,
        sources=(_ELKOUSS,),
        valid={"error_rate": _ERRORS, "block_bit": _BLOCK},
        references=(
            Reference(
                {"error_rate": 0.05, "block_bit": 1e7}, 1.09, "tools/reconciliation_efficiency.py", absolute=0.03
            ),
        ),
        left_out="blocks shorter than a code's and error rates below the codes' are left to Cascade",
    )
)
register(
    ModelCard(
        id="quantum.distillation.verification",
        title="Verification of keys: chance that a difference stays unseen",
        function=undetected_difference,
        sources=(_KRAWCZYK,),
        valid={"n_bits": _BLOCK, "tag_bits": _TAG},
        references=(
            Reference({"n_bits": 1e6, "tag_bits": 51}, 2.0**-51, "2^-t and the hash's own (L + 1) 2^-128", rel=1e-12),
        ),
        increasing=("n_bits",),
        decreasing=("tag_bits",),
    )
)
register(
    ModelCard(
        id="quantum.distillation.toeplitz",
        title="Privacy amplification by Toeplitz hashing: distance from an ideal key",
        function=leftover_distance,
        sources=(_KRAWCZYK, _LEFTOVER),
        valid={"min_entropy_bit": _ENTROPY, "key_bit": _ENTROPY},
        references=(
            Reference({"min_entropy_bit": 1000.0, "key_bit": 980.0}, 2.0**-11, "leftover hash lemma", rel=1e-12),
        ),
        increasing=("key_bit",),
        decreasing=("min_entropy_bit",),
        left_out="random numbers that are not: the diagonals come from the operating system",
    )
)
register(
    ModelCard(
        id="quantum.distillation.wegman_carter",
        title="Wegman-Carter authentication: chance of a forged message",
        function=forgery_probability,
        sources=(_WEGMAN, _KRAWCZYK),
        valid={"message_byte": _MESSAGE},
        references=(Reference({"message_byte": 16.0}, 2.0**-127, "one block and its length: 2 in 2^128", rel=1e-12),),
        increasing=("message_byte",),
        left_out="three pads of 128 bits are spent a block, whether a key comes of it or not",
    )
)
