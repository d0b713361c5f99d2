"""The index of scenes: which function paints which."""

from collections.abc import Callable, Mapping

from fondaco.engines.painter.scenes import (
    abstract,
    countryside,
    forest,
    indoors,
    space,
    town,
    water,
)
from fondaco.engines.painter.stage import Stage

SCENES: Mapping[str, Callable[[Stage], None]] = {
    "abstract": abstract.paint_abstract,
    "arctic": countryside.paint_arctic,
    "beach": countryside.paint_beach,
    "birch": lambda stage: forest.paint_forest(stage, "birch"),
    "canyon": countryside.paint_canyon,
    "city": town.paint_city,
    "clouds": countryside.paint_clouds,
    "desert": countryside.paint_desert,
    "field": countryside.paint_field,
    "forest": lambda stage: forest.paint_forest(stage, "forest"),
    "harbour": town.paint_harbour,
    "hills": countryside.paint_hills,
    "isometric": town.paint_isometric,
    "jungle": lambda stage: forest.paint_forest(stage, "jungle"),
    "lake": countryside.paint_lake,
    "mountain": countryside.paint_mountains,
    "pines": lambda stage: forest.paint_forest(stage, "pines"),
    "river": countryside.paint_river,
    "room": indoors.paint_room,
    "sea": countryside.paint_sea,
    "space": space.paint_space,
    "still_life": indoors.paint_table,
    "street": town.paint_street,
    "studio": indoors.paint_studio,
    "underwater": water.paint_underwater,
    "vineyard": countryside.paint_vineyard,
    "volcano": countryside.paint_volcano,
    "waterfall": countryside.paint_waterfall,
}
