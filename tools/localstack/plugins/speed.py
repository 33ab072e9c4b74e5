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


@hooks.on_infra_start()
def keep_what_state_machines_make_again():
    """For every path that a state reads or writes a parser is built, seconds of the processor's time in an execution; and for
    every task a role is assumed and a client made, though nobody checks the credentials."""
    from localstack.services.stepfunctions.asl.component.common.path import result_path
    from localstack.services.stepfunctions.asl.component.state.state_execution.state_task import lambda_eval_utils
    from localstack.services.stepfunctions.asl.component.state.state_execution.state_task.credentials import (
        StateCredentials,
    )
    from localstack.services.stepfunctions.asl.utils import json_path

    for module in (json_path, result_path):
        module.parse = functools.lru_cache(module.parse)

    make = lambda_eval_utils.boto_client_for
    made = functools.lru_cache(lambda service, region, role: make(service, region, StateCredentials(role)))
    lambda_eval_utils.boto_client_for = lambda service, region, state_credentials: made(
        service, region, state_credentials.role_arn
    )
