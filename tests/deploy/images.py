"""Images made here, for machines that can pull none: a Debian with Python under the tag that the recipe starts from, and Debian's own
Prometheus and Alertmanager under the tags of the compose file."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.deploy.machine import debian_mirror

REPOSITORY = Path(__file__).parents[2]
WORK = REPOSITORY / "build/deploy-test"
LIBRARIES = (
    "ca-certificates,tzdata,netbase,wget,libssl3,libffi8,libsqlite3-0,libbz2-1.0,liblzma5,libreadline8,libncursesw6,"
    "zlib1g,libexpat1,libuuid1"
)
"""What Python's modules are linked against, and wget for the health checks of the stand-ins."""
STAND_INS = {"prometheus": "prometheus", "alertmanager": "prometheus-alertmanager"}
SETTINGS = """\
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
"""For machines whose root may not raise limits, and that have both kinds of control groups."""


def environment() -> dict[str, str]:
    """For podman."""
    WORK.mkdir(parents=True, exist_ok=True)
    conf = WORK / "containers.conf"
    conf.write_text(SETTINGS)
    return {**os.environ, "CONTAINERS_CONF": str(conf)}


def podman(*arguments: str | Path) -> str:
    """Run it; returns what it wrote."""
    done = subprocess.run(
        ["podman", *arguments], env=environment(), capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, f"podman {arguments[0]}: {done.stderr[-3000:]}"
    return done.stdout.strip()


def has(image: str) -> bool:
    """Whether it was made before."""
    known = subprocess.run(["podman", "image", "exists", image], env=environment(), check=False, capture_output=True)
    return known.returncode == 0


def make_base(image: str) -> None:
    """A Debian with the Python that runs this, stripped of what the official image has not either. A minute."""
    if has(image):
        return
    root = debian_root()
    copy_python(Path(sys.base_prefix), root / "usr/local")
    subprocess.run(["chroot", root, "ldconfig"], check=True)
    load(root, image, 'CMD ["python3"]', "ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin")


def debian_root() -> Path:
    """A small Debian, made once."""
    root = WORK / "root"
    if not (root / "usr/bin/wget").exists():
        shutil.rmtree(root, ignore_errors=True)
        command = ["debootstrap", "--variant=minbase", f"--include={LIBRARIES}", "bookworm", root, debian_mirror()]
        subprocess.run(command, check=True, capture_output=True)
    for left in [*(root / "var/cache/apt/archives").glob("*.deb"), *(root / "var/lib/apt/lists").glob("*_*")]:
        left.unlink()
    return root


def copy_python(prefix: Path, target: Path) -> None:
    """Interpreter, library and pip of ``prefix``."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    shutil.copy2(prefix / "bin" / name, target / "bin" / name)
    for shared in (prefix / "lib").glob("libpython3*.so*"):
        shutil.copy2(shared, target / "lib" / shared.name)
    left_out = shutil.ignore_patterns("test", "tkinter", "idlelib", "__pycache__", "site-packages", "config-*")
    library = target / "lib" / name
    shutil.copytree(sysconfig.get_path("stdlib"), library, ignore=left_out, dirs_exist_ok=True)
    for each in (prefix / "lib" / name / "site-packages").glob("pip*"):
        shutil.copytree(each, library / "site-packages" / each.name, dirs_exist_ok=True)
    for link in ("python3", "python"):
        (target / "bin" / link).unlink(missing_ok=True)
        (target / "bin" / link).symlink_to(name)
    pip = target / "bin/pip"
    pip.write_text("#!/usr/local/bin/python3\nimport sys\nfrom pip._internal.cli.main import main\nsys.exit(main())\n")
    pip.chmod(0o755)


def make_stand_in(service: str, image: str) -> None:
    """Debian's program of this name in the place of the official image's."""
    if has(image):
        return
    root = WORK / service
    shutil.rmtree(root, ignore_errors=True)
    subprocess.run(["cp", "-a", debian_root(), root], check=True)
    shutil.rmtree(root / "usr/local/lib", ignore_errors=True)
    shutil.copy2(f"/usr/bin/{STAND_INS[service]}", root / "bin" / service)
    texts = Path("/usr/share/prometheus") / service  # the templates of messages, which others compile in
    if texts.exists():
        shutil.copytree(texts, root / texts.relative_to("/"))
    (root / service).mkdir()
    os.chown(root / service, 65534, 65534)
    load(root, image, f'ENTRYPOINT ["/bin/{service}"]', "USER 65534:65534", f"WORKDIR /{service}")
    shutil.rmtree(root)


def load(root: Path, image: str, *changes: str) -> None:
    """A folder as an image."""
    options = [word for change in changes for word in ("-c", change)]
    with subprocess.Popen(["tar", "-C", root, "--numeric-owner", "-c", "."], stdout=subprocess.PIPE) as tar:
        subprocess.run(["podman", "import", *options, "-", image], stdin=tar.stdout, env=environment(), check=True)


def build(image: str) -> None:
    """The recipe as it stands, with what pip needs on this machine lent to it."""
    secrets: list[str] = []
    for name, path in (("pipconf", "/etc/pip.conf"), ("cabundle", os.environ.get("PIP_CERT", ""))):
        if path and Path(path).exists():
            secrets += ["--secret", f"id={name},src={path}"]
    recipe = REPOSITORY / "deploy/image/Dockerfile"
    podman("build", "--format", "docker", "--network", "host", *secrets, "-f", recipe, "-t", image, REPOSITORY)
