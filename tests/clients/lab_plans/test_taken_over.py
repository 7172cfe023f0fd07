"""What azure-mgmt-compute made is imported, its changes are drift, and labwright's are seen by it."""

import json
import os
import shutil
import subprocess

import pytest
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.compute.models import (
    Gallery,
    GalleryArtifactVersionFullSource,
    GalleryImage,
    GalleryImageIdentifier,
    GalleryImageUpdate,
    GalleryImageVersion,
    GalleryImageVersionPublishingProfile,
    GalleryImageVersionStorageProfile,
    GalleryUpdate,
    TargetRegion,
)
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.resource.resources.models import ResourceGroup

from emulator import SUBSCRIPTION, TENANT

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/chemistry"


@pytest.fixture
def compute(azure):
    """A gallery with an image and its version, as its owner made them."""
    groups = azure.client(ResourceManagementClient).resource_groups
    groups.create_or_update("chemistry", ResourceGroup(location="westeurope"))
    compute = azure.client(ComputeManagementClient)
    gallery = Gallery(location="westeurope", description="Of the chemists", tags={"owner": "chemistry"})
    compute.galleries.begin_create_or_update("chemistry", "sig_chem", gallery).result()
    identifier = GalleryImageIdentifier(publisher="Contoso", offer="Chemistry", sku="spectra")
    image = GalleryImage(
        location="westeurope", os_type="Linux", os_state="Specialized", identifier=identifier, description="Spectra"
    )
    compute.gallery_images.begin_create_or_update("chemistry", "sig_chem", "spectra", image).result()
    source = GalleryArtifactVersionFullSource(id=f"{GROUP}/providers/Microsoft.Compute/images/spectra")
    version = GalleryImageVersion(
        location="westeurope",
        publishing_profile=GalleryImageVersionPublishingProfile(
            target_regions=[TargetRegion(name="West Europe", regional_replica_count=1)]
        ),
        storage_profile=GalleryImageVersionStorageProfile(source=source),
    )
    compute.gallery_image_versions.begin_create_or_update("chemistry", "sig_chem", "spectra", "1.0.0", version).result()
    return compute


@pytest.fixture
def labwright(azure, tmp_path):
    """Runs labwright in a project of its own, whose settings alone are written; gives exit code and what it said."""
    project = tmp_path / "project"
    project.mkdir()
    if azure.tls:
        shutil.copy(azure.ca, project / "ca.pem")
    ca = ", ca: ca.pem" if azure.tls else ""
    cloud = f"{{ azure: {{ subscription: {SUBSCRIPTION}, endpoint: '{azure.url}'{ca} }} }}"
    (project / "labwright.yaml").write_text(f"project: chemistry\ncloud: {cloud}\n")
    environment = {
        "HOME": str(tmp_path),
        "AZURE_TENANT_ID": TENANT,
        "AZURE_CLIENT_ID": "client",
        "AZURE_CLIENT_SECRET": "secret",
    }

    def run(*arguments):
        command = [os.environ["LABWRIGHT"], *arguments]
        ran = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, timeout=120)
        return ran.returncode, ran.stdout + ran.stderr

    run.project = project
    return run


def test_what_the_sdk_made_is_taken_over(compute, labwright):
    code, said = labwright("import", "--from", GROUP)
    assert code == 0 and "Import complete! Resources: 4 imported." in said, said
    assert labwright("plan", "--detailed-exitcode")[0] == 0
    assert labwright("drift")[0] == 0

    update = GalleryUpdate(description="Of everybody", tags={"owner": "science"})
    compute.galleries.begin_update("chemistry", "sig_chem", update).result()
    compute.gallery_images.begin_update("chemistry", "sig_chem", "spectra", GalleryImageUpdate(description="More")).result()
    code, said = labwright("drift", "--format", "json")
    assert code == 2, said
    drifted = json.loads(said[said.index("{") : said.rindex("}") + 1])["changes"]
    seen = {
        (resource["address"], change["path"]): (change["before"], change["after"])
        for resource in drifted
        for change in resource["attributes"]
    }
    assert seen == {
        ("Gallery/sig_chem", "description"): ("Of the chemists", "Of everybody"),
        ("Gallery/sig_chem", "tags.owner"): ("chemistry", "science"),
        ("Image/spectra", "description"): ("Spectra", "More"),
    }

    code, said = labwright("apply", "--refresh", "--yes")
    assert code == 0 and "0 added, 2 changed, 0 destroyed." in said, said
    gallery = compute.galleries.get("chemistry", "sig_chem")
    assert (gallery.description, gallery.tags) == ("Of the chemists", {"owner": "chemistry"})
    assert compute.gallery_images.get("chemistry", "sig_chem", "spectra").description == "Spectra"
    assert labwright("drift")[0] == 0
