"""The index of scenes: which function paints which."""

from collections.abc import Callable, Mapping

from fondaco.engines.painter.scenes import (
    abstract,
    countryside,
    forest,
    indoors,
    isometric,
    shores,
    sky,
    space,
    town,
    water,
)
from fondaco.engines.painter.stage import Stage

SCENES: Mapping[str, Callable[[Stage], None]] = {
    "abstract": abstract.paint_abstract,
    "arctic": countryside.paint_arctic,
    "beach": shores.paint_beach,
    "birch": lambda stage: forest.paint_forest(stage, "birch"),
    "canyon": countryside.paint_canyon,
    "city": town.paint_city,
    "clouds": sky.paint_clouds,
    "desert": countryside.paint_desert,
    "field": countryside.paint_field,
    "forest": lambda stage: forest.paint_forest(stage, "forest"),
    "harbour": town.paint_harbour,
    "hills": countryside.paint_hills,
    "isometric": isometric.paint_isometric,
    "jungle": lambda stage: forest.paint_forest(stage, "jungle"),
    "lake": shores.paint_lake,
    "mountain": countryside.paint_mountains,
    "pines": lambda stage: forest.paint_forest(stage, "pines"),
    "river": shores.paint_river,
    "room": indoors.paint_room,
    "sea": shores.paint_sea,
    "space": space.paint_space,
    "still_life": indoors.paint_table,
    "street": town.paint_street,
    "studio": indoors.paint_studio,
    "underwater": water.paint_underwater,
    "vineyard": countryside.paint_vineyard,
    "volcano": countryside.paint_volcano,
    "waterfall": shores.paint_waterfall,
}
