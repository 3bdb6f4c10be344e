from tests.workers.journeys import graphs
from tests.workers.journeys.world import World
import pytest
@pytest.fixture
def world(monkeypatch):
    return World(monkeypatch)
def test_x(world, cloud):
    head = world.automation(graphs.row(graphs.mail(1), graphs.wait(2, 2), graphs.mail(3), graphs.end()))
    ann, ben = world.enter(head, "ann", "ben")
    world.run_for(60)
    print(world.token(ann))
    assert 0
