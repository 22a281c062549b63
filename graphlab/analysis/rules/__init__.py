"""Local rules: how an op's gradient goes on to its inputs, with the numbers of a recording.

A rule is a few lines of numpy that say again what PyTorch's own backward of the op does, from what the forward has
kept. It is there to be read and to be checked: beside each number that the recording holds stands the rule's own.
"""
