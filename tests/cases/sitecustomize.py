"""Loaded by Python before a case script runs: no accepted socket is ever freed, so that two connections never have the same id().
A script that tells connections apart by it would otherwise take a new one for an old one."""

import socket

_kept = []
_accept = socket.socket.accept


def accept(self):
    accepted = _accept(self)
    _kept.append(accepted[0])
    return accepted


socket.socket.accept = accept
