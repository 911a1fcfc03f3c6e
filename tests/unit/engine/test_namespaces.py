"""Lists of one namespace say nothing about another."""

from world import EMAIL, World


async def test_a_list_of_jobs_of_one_namespace_loses_none_of_another() -> None:
    world = World()
    keys = [world.cluster.apply("mail", EMAIL, namespace) for namespace in ("shop", "team")]
    await world.settle()
    world.store.replace_jobs([], world.cluster.version, "shop")
    await world.settle()
    assert [world.state(key)[0] for key in keys] == ["Retrying", None]


async def test_a_list_of_pods_of_one_namespace_loses_none_of_another() -> None:
    world = World()
    keys = [world.cluster.apply("mail", EMAIL, namespace) for namespace in ("shop", "team")]
    await world.settle()
    for job in world.cluster.created_jobs:
        world.cluster.run(job)
    await world.settle()
    world.store.replace_pods([], world.cluster.version, "shop")
    pods = {key.namespace: world.store.attempts(world.store.records[key])[1].pods for key in keys}
    assert {namespace: [pod.is_deleted for pod in found] for namespace, found in pods.items()} == {
        "shop": [True],
        "team": [False],
    }
