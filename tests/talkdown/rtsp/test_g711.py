import av
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_agent.talkdown.rtsp.g711 import Codec, encode

EVERY = np.arange(-32768, 32768).astype(np.int16)
DECODERS = pytest.mark.parametrize(("codec", "decoder"), [(Codec.PCMU, "pcm_mulaw"), (Codec.PCMA, "pcm_alaw")])


def decoded(codes: bytes, decoder: str) -> NDArray[np.int32]:
    """Decodes with libavcodec, which is not ours."""
    context = av.CodecContext.create(decoder, "r")
    assert isinstance(context, av.AudioCodecContext)
    context.sample_rate = 8000
    context.layout = "mono"
    frames = [*context.decode(av.Packet(codes)), *context.decode(None)]
    return np.concatenate([frame.to_ndarray().ravel() for frame in frames]).astype(np.int32)


@DECODERS
def test_a_level_of_the_standard_stays_what_it_is(codec: Codec, decoder: str) -> None:
    levels = decoded(bytes(range(256)), decoder)
    assert np.array_equal(decoded(encode(levels.astype(np.int16), codec), decoder), levels)


@DECODERS
def test_every_sample_comes_back_in_order_and_within_half_a_step(codec: Codec, decoder: str) -> None:
    heard = decoded(encode(EVERY, codec), decoder)
    assert np.all(np.diff(heard) >= 0)
    # A step is a sixteenth of its segment, so at most a sixteenth of the sample; the loudest are clipped by the law.
    assert np.all(np.abs(heard - EVERY) <= np.abs(EVERY.astype(np.int32)) // 32 + 16)


def test_known_codes() -> None:
    samples = np.array([0, -1, 32767, -32768, 1000, -1000], np.int16)
    assert encode(samples, Codec.PCMU).hex() == "ff7f8000ce4e"
    assert encode(samples, Codec.PCMA).hex() == "d555aa2afa7a"
