"""Models that several tests look into."""

from collections import OrderedDict

from torch import nn


def digit_model(channels=1):
    """A small CNN for `channels`×8×8 images."""
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(channels, 4, 5, padding=2),
            relu1=nn.ReLU(inplace=True),
            pool1=nn.MaxPool2d(2),
            flatten=nn.Flatten(),
            fc=nn.Linear(64, 10),
        )
    )


class Odd(nn.Module):
    """A layer that returns whatever `value` makes of its input."""

    def __init__(self, value):
        super().__init__()
        self.value = value

    def forward(self, x):
        return self.value(x)


class Best(nn.Module):
    """The best channel of each pixel, as whole numbers in "whole" and as floats in "real"."""

    def __init__(self):
        super().__init__()
        self.conv, self.whole, self.real = nn.Conv2d(1, 3, 3), nn.Identity(), nn.Identity()

    def forward(self, x):
        return self.real(self.whole(self.conv(x).argmax(1)).float())
