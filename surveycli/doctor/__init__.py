"""Examines the installation, the store and its run folders, and names the repair for each fault that it knows."""

from surveycli.doctor.finding import Diagnosis, State
from surveycli.doctor.installation import examine_installation
from surveycli.doctor.stored import examine_store

__all__ = ["Diagnosis", "State", "examine_installation", "examine_store"]
