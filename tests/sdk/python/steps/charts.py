"""What code draws with matplotlib."""

import base64

from stage import of, same, value

CHARTS = """
import matplotlib.pyplot as plt
plt.plot([1, 2, 3], [1, 4, 9], label="squares")
plt.title("Growth")
plt.xlabel("n")
plt.ylabel("n squared")
plt.show()
plt.bar(["a", "b"], [3, 5])
plt.title("Counts")
plt.show()
print("drawn")
"""


async def brings_charts(sandbox, _):
    answer = await of(sandbox.process.code_run(CHARTS))
    same((answer.exit_code, answer.result.strip()), (0, "drawn"))
    line, bar = answer.artifacts.charts
    same((value(line.type), line.title), ("line", "Growth"))
    same((line.x_label, line.y_label), ("n", "n squared"))
    same([(one.label, [tuple(point) for point in one.points])
          for one in line.elements],
         [("squares", [(1, 1), (2, 4), (3, 9)])])
    same(base64.b64decode(line.png)[1:4], b"PNG")
    same((value(bar.type), bar.title), ("bar", "Counts"))
    same([(one.label, float(one.value)) for one in bar.elements],
         [("a", 3.0), ("b", 5.0)])


STEPS = [("brings charts", brings_charts)]
