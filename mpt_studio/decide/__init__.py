"""May it ship? A policy, the verdict that follows from it, which candidate to ship, and who signed it off."""

from typing import TYPE_CHECKING

from mpt_studio.lazily import names_of

if TYPE_CHECKING:
    from mpt_studio.decide.judging import deciding_subset, judge
    from mpt_studio.decide.policy import BY_VALUE, IdSet, Policy, Slice
    from mpt_studio.decide.policy_file import read_policy, write_policy
    from mpt_studio.decide.recommending import Recommendation, recommend
    from mpt_studio.decide.sign_off import SignOff, digest_of, sign, sign_offs
    from mpt_studio.decide.verdict import Decided, Finding, Verdict

__getattr__ = names_of(
    __name__,
    {
        "judging": "deciding_subset judge",
        "policy": "BY_VALUE IdSet Policy Slice",
        "policy_file": "read_policy write_policy",
        "recommending": "Recommendation recommend",
        "sign_off": "SignOff digest_of sign sign_offs",
        "verdict": "Decided Finding Verdict",
    },
)
