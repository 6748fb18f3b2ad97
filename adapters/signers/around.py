"""Base class of Signers that wrap another Signer: it forwards what that one declares."""

from domain.ports import Signer


class SignerDecorator(Signer):
    """To be subclassed by those that do something before or after `_inner` is asked."""

    def __init__(self, inner: Signer) -> None:
        self._inner = inner
        self.parameters = inner.parameters
        self.ca_decides_subject_and_usages = inner.ca_decides_subject_and_usages
        self.allow_annotations = inner.allow_annotations
