import os
import subprocess

import lit.formats

config.name = "DLAVM"
config.test_format = lit.formats.ShTest(execute_external=True)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "lit.cfg.py", "CMakeLists.txt"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.dlavm_binary, "test")

config.environment["PATH"] = os.pathsep.join(
    [os.path.join(config.dlavm_binary, "bin"), config.llvm_tools, os.environ["PATH"]]
)
# Drivers are compiled with the compiler that the build uses.
config.environment["CXX"] = config.cxx
config.environment["DLAVM_DRIVER_CACHE"] = config.driver_cache
config.environment["FILECHECK_OPTS"] = "--dump-input=fail"

config.substitutions += [
    ("%shared", config.dlavm_shared),
    ("%build", config.dlavm_binary),
    ("%benchmarks", os.path.join(config.dlavm_source, "benchmarks")),
    ("%models", os.path.join(config.dlavm_source, "models")),
    ("%runtime", os.path.join(config.dlavm_source, "runtime")),
    ("%host", os.path.join(config.dlavm_source, "host")),
    ("%python", config.python),
    # In KiB, for ulimit -v; AddressSanitizer takes all addresses there are.
    ("%most-memory", "unlimited" if config.sanitizers else "4000000"),
    ("%cxx", config.cxx),
    ("%clangxx", config.clangxx or "clang++-is-missing"),
]

# Specifications and conformance traces lie beside the checkout; tests that need
# them are unsupported where they are missing.
if os.path.isdir(os.path.join(config.dlavm_shared, "conformance")):
    config.available_features.add("shared")
if os.path.exists("/dev/fuse"):
    config.available_features.add("fuse")
if subprocess.run(["unshare", "-r", "-m", "true"], capture_output=True).returncode == 0:
    config.available_features.add("namespaces")
if config.clangxx:
    config.available_features.add("clang")
if config.sanitizers:
    config.available_features.add("sanitizers")
    # AddressSanitizer reports crashes itself, and takes time and memory.
    config.excludes += ["crash.test", "depth.test", "growth.test", "trace-memory.test"]
    config.excludes += ["benchmarks.test", "plan-memory-models.test"]
    # Many models that take the same ways: 7,122 calls of whole ones, as clean.test with a small one; and
    # tokens of each architecture and device, as EndToEnd with random models.
    config.excludes += ["clean-models.test", "run-architectures.test", "run-shared-devices.test"]
