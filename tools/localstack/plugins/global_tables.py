"""Fixes for LocalStack's DynamoDB, applied when LocalStack starts. Needs PROVIDER_OVERRIDE_DYNAMODB=v2."""
import functools

from localstack.runtime import hooks

IMAGES = {"Keys", "NewImage", "OldImage"}


def name_empty_maps(value):
    """Adds the type to empty maps, because DynamoDB Local omits it. Changes the attribute value in place."""
    if not value:
        value["M"] = {}
    for inner in [*value.get("M", {}).values(), *value.get("L", [])]:
        name_empty_maps(inner)


def ending_with_us(command):
    """Upstream starts the command in a separate session, where it outlives a LocalStack that was killed."""
    watch = '"$@" & java=$!; while kill -0 $PPID && kill -0 $java; do sleep 1; done 2>/dev/null; kill $java'
    return ["sh", "-c", watch, "sh", *command]


@hooks.on_infra_start()
def patch_global_tables():
    from localstack.services.dynamodb import server
    from localstack.services.dynamodb.resource_providers.aws_dynamodb_globaltable import DynamoDBGlobalTableProvider
    from localstack.services.dynamodb.v2 import provider
    from localstack.services.dynamodbstreams.v2 import provider as streams

    create = DynamoDBGlobalTableProvider.create

    def create_with_replicas(self, request):
        """Upstream sends all earlier replicas again with each new one, and therefore fails from the second replica on."""
        replicas = request.desired_state.pop("Replicas", None)
        event = create(self, request)
        if replicas:
            request.desired_state["Replicas"] = replicas
            for replica in replicas if not request.custom_context.get("_replicas") else []:
                if replica["Region"] != request.region_name:
                    request.aws_client_factory.dynamodb.update_table(
                        TableName=request.desired_state["TableName"],
                        ReplicaUpdates=[{"Create": {"RegionName": replica["Region"]}}],
                    )
            request.custom_context["_replicas"] = True
        return event

    DynamoDBGlobalTableProvider.create = create_with_replicas

    transact = provider.DynamoDBProvider.transact_write_items

    @functools.wraps(transact)
    def transact_in_the_tables_region(self, context, transact_write_items_input):
        """Upstream sends a transaction to the caller's Region, even if the table is stored in another Region."""
        operation = next(iter(transact_write_items_input["TransactItems"][0].values()))
        region = self.get_global_table_region(context, operation["TableName"])
        with provider.modify_context_region(context, region):
            return transact(self, context, transact_write_items_input)

    provider.DynamoDBProvider.transact_write_items = transact_in_the_tables_region

    records = streams.DynamoDBStreamsProvider.get_records

    @functools.wraps(records)
    def records_of_the_tables_region(self, context, payload):
        """Upstream confuses readers of two replicas that use the same iterator, and returns empty maps without their type."""
        iterator = self.modify_stream_arn_for_ddb_local(payload["ShardIterator"])
        self.shard_to_region[iterator] = streams.get_original_region(context=context, stream_arn=iterator)
        response = records(self, context, payload)
        for record in response.get("Records", []):
            for image in IMAGES & record["dynamodb"].keys():
                for value in record["dynamodb"][image].values():
                    name_empty_maps(value)
        return response

    streams.DynamoDBStreamsProvider.get_records = records_of_the_tables_region

    # Removes the agent, which would have to be downloaded: it raises a limit on secondary indexes that is not reached.
    command = server.DynamodbServer._create_shell_command
    server.DynamodbServer._create_shell_command = lambda self: ending_with_us(
        [argument for argument in command(self) if not argument.startswith("-javaagent:")]
    )
