"""CloudFormation custom resources, which the community edition only pretends to create."""
import json
import uuid
from queue import Empty, Queue

from localstack import config
from localstack.http import Response
from localstack.services.cloudformation.resource_provider import (
    CloudFormationResourceProviderPlugin,
    OperationStatus,
    ProgressEvent,
    ResourceProvider,
)

# Reported as created without running their handlers. The handlers are the CDK's own: they respond over https only and
# need the runtime's SDK. LocalStack has neither, and nothing is deleted here that they would have to clean up first.
PRETENDED = {"Custom::S3AutoDeleteObjects"}

pending: dict[str, Queue] = {}


def take_answer(request, token):
    pending[token].put(json.loads(request.data))
    return Response(status=200)


def host_seen_by_functions():
    """In Docker, functions run in separate containers; otherwise they are processes of this machine."""
    from localstack.services.lambda_.networking import get_main_endpoint_from_container

    return get_main_endpoint_from_container() if config.is_in_docker else "127.0.0.1"


class CustomResourceProvider(ResourceProvider):
    TYPE = "AWS::CloudFormation::CustomResource"
    SCHEMA = {"typeName": TYPE, "properties": {}, "primaryIdentifier": ["/properties/PhysicalResourceId"]}
    routed = False

    def _call(self, kind, request):
        model = dict(request.desired_state or request.previous_state)
        if request.resource_type in PRETENDED:
            answer = {"Status": "SUCCESS", "PhysicalResourceId": request.logical_resource_id}
        else:
            answer = self._invoke(kind, request, model)
        if answer["Status"] != "SUCCESS":
            return ProgressEvent(OperationStatus.FAILED, resource_model=model, message=answer.get("Reason"))
        model |= {"PhysicalResourceId": answer["PhysicalResourceId"], **(answer.get("Data") or {})}
        return ProgressEvent(OperationStatus.SUCCESS, resource_model={} if kind == "Delete" else model)

    def _invoke(self, kind, request, model):
        from localstack.services.edge import ROUTER

        if not CustomResourceProvider.routed:
            ROUTER.add("/_ls_cfn_response/<token>", take_answer, methods=["PUT"])
            CustomResourceProvider.routed = True
        token = uuid.uuid4().hex
        queue = pending[token] = Queue()
        event = {
            "RequestType": kind,
            "RequestId": token,
            "StackId": request.stack_id,
            "LogicalResourceId": request.logical_resource_id,
            "ResourceType": request.resource_type,
            "ResourceProperties": model,
            "ResponseURL": f"http://{host_seen_by_functions()}:{config.GATEWAY_LISTEN[0].port}/_ls_cfn_response/{token}",
        }
        if kind != "Create":
            event["PhysicalResourceId"] = (request.previous_state or model).get("PhysicalResourceId")
            event["OldResourceProperties"] = request.previous_state
        request.aws_client_factory.lambda_.invoke(
            FunctionName=model["ServiceToken"], InvocationType="Event", Payload=json.dumps(event)
        )
        try:
            return queue.get(timeout=60)
        except Empty:
            return {"Status": "FAILED", "Reason": f"{model['ServiceToken']} did not respond"}
        finally:
            del pending[token]

    def create(self, request):
        return self._call("Create", request)

    def update(self, request):
        return self._call("Update", request)

    def delete(self, request):
        return self._call("Delete", request)


class CustomResourcePlugin(CloudFormationResourceProviderPlugin):
    name = CustomResourceProvider.TYPE

    def load(self):
        self.factory = CustomResourceProvider
