"""CPU time of ChannelAttribution on a file of paths, strings already in memory."""
import csv
import sys
import time

import ChannelAttribution
import pandas

rows = list(csv.DictReader(open(sys.argv[1], encoding="utf-8")))
data = pandas.DataFrame(
    {
        "path": [r["path"] for r in rows],
        "conv": [int(float(r["total_conversions"])) for r in rows],
        "value": [float(r["total_conversion_value"]) for r in rows],
        "null": [int(float(r["total_null"])) for r in rows],
    }
)
began = time.process_time()
ChannelAttribution.heuristic_models(data, "path", "conv", var_value="value")
ChannelAttribution.markov_model(data, "path", "conv", var_value="value", var_null="null", order=1)
print("%.2f" % (time.process_time() - began))
