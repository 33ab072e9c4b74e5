"""Removes, when LocalStack starts, what takes most of its time while it serves many small requests."""
import functools
import gc

from localstack.runtime import hooks


@hooks.on_infra_start()
def parse_each_content_type_once():
    """Twisted parses this header of every request like that of a mail: 40 % of the CPU time, for five different values."""
    from twisted.web import http

    http._parseContentType = functools.lru_cache(http._parseContentType)


@hooks.on_infra_ready()
def collect_garbage_seldom():
    """Imported modules are never freed: every full collection would examine their hundreds of thousands of objects."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@hooks.on_infra_start()
def keep_what_state_machines_make_again():
    """Upstream builds a parser for every path that a state reads or writes, which takes seconds of CPU time per execution.
    For every task it also assumes a role and makes a client, although the credentials are not checked."""
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
