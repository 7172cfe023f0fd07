"""Galleries, definitions and versions, by azure-mgmt-compute."""

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
    GalleryImageVersionUpdate,
    GalleryUpdate,
    TargetRegion,
)
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.resource.resources.models import ResourceGroup

from emulator import GROUP


@pytest.fixture
def compute(azure):
    azure.client(ResourceManagementClient).resource_groups.create_or_update("physics", ResourceGroup(location="westeurope"))
    return azure.client(ComputeManagementClient)


def definition(sku, state="Generalized"):
    identifier = GalleryImageIdentifier(publisher="Contoso", offer="Teaching", sku=sku)
    return GalleryImage(location="westeurope", os_type="Linux", os_state=state, identifier=identifier)


def version(*regions):
    regions = [TargetRegion(name=name, regional_replica_count=count) for name, count in regions]
    source = GalleryArtifactVersionFullSource(id=f"{GROUP}/providers/Microsoft.Compute/disks/golden")
    return GalleryImageVersion(
        location="westeurope",
        publishing_profile=GalleryImageVersionPublishingProfile(target_regions=regions),
        storage_profile=GalleryImageVersionStorageProfile(source=source),
    )


def test_a_gallery_from_its_first_day_to_its_last(compute, refused):
    galleries, images, versions = compute.galleries, compute.gallery_images, compute.gallery_image_versions
    made = galleries.begin_create_or_update("physics", "sig_a", Gallery(location="West Europe", description="a")).result()
    assert made.location == "westeurope" and made.provisioning_state == "Succeeded"
    assert made.identifier.unique_name.endswith("SIG_A")
    changed = galleries.begin_update("physics", "sig_a", GalleryUpdate(description="b", tags={"t": "1"})).result()
    assert (changed.description, changed.tags) == ("b", {"t": "1"})
    for name in ("sig_b", "sig_c"):
        galleries.begin_create_or_update("physics", name, Gallery(location="westeurope")).result()
    assert sorted(gallery.name for gallery in galleries.list_by_resource_group("physics")) == ["sig_a", "sig_b", "sig_c"]
    assert {"sig_a", "sig_b", "sig_c"} <= {gallery.name for gallery in galleries.list()}

    for sku in ("java", "python", "sql"):
        made = images.begin_create_or_update("physics", "sig_a", sku, definition(sku)).result()
        assert (made.os_state, made.identifier.sku, made.provisioning_state) == ("Generalized", sku, "Succeeded")
    assert sorted(image.name for image in images.list_by_gallery("physics", "sig_a")) == ["java", "python", "sql"]
    assert images.begin_update("physics", "sig_a", "java", GalleryImageUpdate(description="d")).result().description == "d"
    changed = definition("java", "Specialized")
    refused(409, "PropertyChangeNotAllowed", images.begin_create_or_update, "physics", "sig_a", "java", changed)

    for name in ("1.0.0", "1.0.1", "1.1.0"):
        made = versions.begin_create_or_update("physics", "sig_a", "java", name, version(("West Europe", 1))).result()
        assert made.provisioning_state == "Succeeded" and made.publishing_profile.published_date
    listed = versions.list_by_gallery_image("physics", "sig_a", "java")
    assert sorted(listed_version.name for listed_version in listed) == ["1.0.0", "1.0.1", "1.1.0"]
    update = version(("westeurope", 1), ("northeurope", 2))
    update = GalleryImageVersionUpdate(publishing_profile=update.publishing_profile, storage_profile=update.storage_profile)
    versions.begin_update("physics", "sig_a", "java", "1.1.0", update).result()
    read = versions.get("physics", "sig_a", "java", "1.1.0", expand="ReplicationStatus")
    summary = {status.region.lower().replace(" ", ""): status.state for status in read.replication_status.summary}
    assert summary.keys() == {"westeurope", "northeurope"}
    assert [region.regional_replica_count for region in read.publishing_profile.target_regions] == [1, 2]
    assert versions.get("physics", "sig_a", "java", "1.0.0").replication_status is None

    refused(409, "CannotDeleteResource", images.begin_delete, "physics", "sig_a", "java")
    refused(409, "CannotDeleteResource", galleries.begin_delete, "physics", "sig_a")
    for name in ("1.0.0", "1.0.1", "1.1.0"):
        versions.begin_delete("physics", "sig_a", "java", name).result()
    refused(404, "ResourceNotFound", versions.get, "physics", "sig_a", "java", "1.0.0")
    for name in ("sig_b", "sig_c"):
        galleries.begin_delete("physics", name).result()


def test_what_compute_refuses(compute, refused):
    galleries, images, versions = compute.galleries, compute.gallery_images, compute.gallery_image_versions
    refused(404, "ResourceNotFound", galleries.get, "physics", "nothing")
    refused(404, "ResourceGroupNotFound", galleries.get, "nowhere", "nothing")
    refused(404, "ParentResourceNotFound", images.begin_create_or_update, "physics", "nothing", "x", definition("x"))
    refused(404, "ParentResourceNotFound", images.list_by_gallery, "physics", "nothing")
    refused(400, "LocationRequired", galleries.begin_create_or_update, "physics", "sig_x", {})
    dashed = refused(400, "InvalidParameter", galleries.begin_create_or_update, "physics", "no-dash", Gallery(location="westeurope"))
    assert "no-dash" in dashed.message
    galleries.begin_delete("physics", "nothing").result()
