"""HyperDrive: sweeps over parameters, each a run with children that the engine carries out."""
