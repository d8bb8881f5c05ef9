"""A session with the settings of a JSON file, until the standard input ends."""

import json, sys
import libtorrent as lt
session = lt.session(json.load(open(sys.argv[1])))
sys.stdin.read()
