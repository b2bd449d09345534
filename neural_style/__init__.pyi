from neural_style.errors import InputError as InputError
from neural_style.painting.interface import Painter as Painter
from neural_style.painting.interface import Step as Step
from neural_style.painting.interface import paint as paint
from neural_style.painting.interface import steps as steps

__version__: str
