"""Runs Node functions as processes of this machine; upstream runs each in a separate container."""
import json
import os
import selectors
import subprocess
import tempfile
from pathlib import Path

from localstack.services.lambda_.invocation.executor_endpoint import StatusErrorException
from localstack.services.lambda_.invocation.lambda_models import InvocationResult
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.lambda_.invocation.runtime_executor import RuntimeExecutor

BOOTSTRAP = str(Path(__file__).with_name("node_bootstrap.mjs"))
START_SECONDS = 30


class NodeExecutor(RuntimeExecutor):
    process = None

    def start(self, env_vars):
        self.env = env_vars
        code = str(self.function_version.config.code.get_unzipped_code_location())
        read_end, write_end = os.pipe()
        self.log = tempfile.TemporaryFile("w+b")
        # Its input ends when LocalStack ends, for whatever reason; then it ends too.
        self.process = subprocess.Popen(
            [os.environ["LAMBDA_NODE_BIN"], BOOTSTRAP, str(write_end)],
            cwd=code,
            pass_fds=[write_end],
            stdin=subprocess.PIPE,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            env={"PATH": os.environ["PATH"], **{k: str(v) for k, v in env_vars.items()}, "LAMBDA_TASK_ROOT": code},
        )
        os.close(write_end)
        self.answers = os.fdopen(read_end, "rb")
        ready = self._receive(START_SECONDS)
        if not ready or not ready["ok"]:
            self.process.kill()
            body = (
                ready["body"] if ready else {"errorType": "Runtime.ExitError", "errorMessage": self.get_logs()[-500:]}
            )
            raise StatusErrorException("init failed", payload=json.dumps(body).encode())

    def _receive(self, timeout):
        with selectors.DefaultSelector() as selector:  # select() does not support descriptors above 1,023
            selector.register(self.answers, selectors.EVENT_READ)
            if not selector.select(timeout):
                return None
        line = self.answers.readline()
        return json.loads(line) if line else None

    def invoke(self, payload):
        request, timeout = payload["invoke-id"], self.function_version.config.timeout
        if self.process.poll() is not None:
            self.start(self.env)
        position = os.fstat(self.log.fileno()).st_size
        self.process.stdin.write(json.dumps(payload).encode() + b"\n")
        self.process.stdin.flush()
        answer = self._receive(timeout)
        if answer is None:
            ended = self.process.poll() is not None
            self.stop()
            what = "Runtime exited" if ended else f"Task timed out after {timeout}.00 seconds"
            error = {"errorType": "Sandbox.Timedout", "errorMessage": f"RequestId: {request} Error: {what}"}
            answer = {"ok": False, "body": error}
        self.log.seek(position)
        said = self.log.read().decode()
        logs = f"START RequestId: {request}\n{said}END RequestId: {request}\nREPORT RequestId: {request}\n"
        return InvocationResult(request, json.dumps(answer["body"]).encode(), is_error=not answer["ok"], logs=logs)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def get_logs(self):
        self.log.seek(0)
        return self.log.read().decode()

    def get_address(self):
        return "127.0.0.1"

    get_endpoint_from_executor = get_address

    def get_runtime_endpoint(self):
        return ""

    @classmethod
    def prepare_version(cls, function_version):
        function_version.config.code.prepare_for_execution()

    @classmethod
    def cleanup_version(cls, function_version):
        pass


class NodeExecutorPlugin(RuntimeExecutorPlugin):
    name = "node"

    def load(self, *args, **kwargs):
        return NodeExecutor
