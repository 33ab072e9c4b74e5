"""What takes most of LocalStack's time while it serves many small requests, taken away when it starts."""
import functools
import gc

from localstack.runtime import hooks


@hooks.on_infra_start()
def parse_each_content_type_once():
    """Twisted parses the header of every request as a mail's: 40 % of the processor's time, for five different values."""
    from twisted.web import http

    http._parseContentType = functools.lru_cache(http._parseContentType)


@hooks.on_infra_ready()
def collect_garbage_seldom():
    """What was imported stays: hundreds of thousands of objects that every full collection would look at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
