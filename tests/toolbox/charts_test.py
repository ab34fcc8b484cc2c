"""Charts that Python code shows, with the default image's matplotlib."""

import base64
import json
import os
import tempfile
import unittest

from daemon import BINARY, Daemon
from interpreter import Run

# Its own mount namespace: what is mounted goes with the last process. The
# image itself stays as it is.
ENTER = """
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay \
  -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" "$1/root"
mount -t proc proc "$1/root/proc"
cp "$3" "$1/root/bin/toolbox"
root=$1/root
shift 4
exec chroot "$root" /bin/toolbox "$@"
"""

SHOWN = """
import datetime
import matplotlib.pyplot as plt
import numpy as np
"""


def default_image():
    """The root file system of varve/base; `default` names it."""
    images = os.environ.get("VARVE_TEST_IMAGES", "/var/cache/varve/images")
    with open(images + "/default") as name:
        return os.path.join(images, name.read().strip(), "rootfs")


class WithImage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        scratch = tempfile.mkdtemp(prefix="varve-toolbox-charts-")
        cls.addClassCleanup(os.rmdir, scratch)
        cls.daemon = cls.enterClassContext(Daemon(
            {"user": "daytona", "workdir": ""},
            prefix=["unshare", "--pid", "--fork", "--kill-child", "--mount",
                    "sh", "-ec", ENTER, "sh", scratch, default_image(),
                    BINARY]))

    def charts(self, code):
        answer = self.daemon.code_run("python", SHOWN + code)
        self.assertEqual((answer["exitCode"], answer["result"]), (0, ""))
        for chart in answer["artifacts"]["charts"]:
            self.check_picture(chart)
        return answer["artifacts"]["charts"]

    def chart(self, code):
        charts = self.charts(code)
        self.assertEqual(len(charts), 1)
        return charts[0]

    def check_picture(self, chart):
        self.assertTrue(base64.b64decode(chart["png"]).startswith(b"\x89PNG"))


class CodeRun(WithImage):
    def test_lines_with_their_axes(self):
        chart = self.chart("plt.plot([1, 2, 3], [4, 5, float('nan')], "
                           "label='a')\nplt.plot([1, 2], [1, 2])\n"
                           "plt.axhline(2)\nplt.title('T')\n"
                           "plt.xlabel('X')\nplt.ylabel('Y')\nplt.show()")
        self.assertEqual(chart["elements"], [
            {"label": "a", "points": [[1, 4], [2, 5]]},
            {"label": "Line 2", "points": [[1, 1], [2, 2]]}])
        self.assertEqual([chart[k] for k in (
            "type", "title", "x_label", "y_label", "x_scale", "y_scale")],
            ["line", "T", "X", "Y", "linear", "linear"])
        self.assertEqual(len(chart["x_ticks"]), len(chart["x_tick_labels"]))
        self.assertIn(1, chart["x_ticks"])

    def test_bars_have_texts_as_values(self):
        chart = self.chart("plt.bar(['a', 'b'], [3, 4.5], label='g')\n"
                           "plt.show()")
        self.assertEqual((chart["type"], chart["x_scale"]),
                         ("bar", "categorical"))
        self.assertEqual(chart["elements"], [
            {"label": "a", "value": "3", "group": "g"},
            {"label": "b", "value": "4.5", "group": "g"}])
        chart = self.chart("plt.barh(['a', 'b'], [3, 4])\nplt.show()")
        self.assertEqual([(e["label"], e["value"]) for e in chart["elements"]],
                         [("a", "3"), ("b", "4")])
        chart = self.chart(
            "x = np.arange(2)\nplt.bar(x - 0.2, [1, 2], 0.4, label='m')\n"
            "plt.bar(x + 0.2, [3, 4], 0.4, label='w')\n"
            "plt.xticks(x, ['A', 'B'])\nplt.show()")
        self.assertEqual([tuple(e.values()) for e in chart["elements"]],
                         [("A", "1", "m"), ("B", "2", "m"), ("A", "3", "w"),
                          ("B", "4", "w")])
        chart = self.chart("plt.hist(np.arange(100), 10)\nplt.show()")
        self.assertEqual([e["label"] for e in chart["elements"]][:2],
                         ["4.95", "14.85"])

    def test_dates_are_seconds_since_1970(self):
        chart = self.chart(
            "d = [datetime.datetime(2024, 1, i) for i in (1, 2)]\n"
            "plt.plot(d, [1, 2])\nplt.show()")
        self.assertEqual(chart["x_scale"], "datetime")
        self.assertEqual(chart["elements"][0]["points"],
                         [[1704067200, 1], [1704153600, 2]])
        self.assertIn(1704067200, chart["x_ticks"])

    def test_pies_also_with_percentages(self):
        chart = self.chart("plt.pie([1, 3], labels=['x', 'y'], radius=0.5, "
                           "autopct='%1.1f%%')\nplt.show()")
        self.assertEqual((chart["type"], chart["elements"]), ("pie", [
            {"label": "x", "angle": 90, "radius": 0.5},
            {"label": "y", "angle": 270, "radius": 0.5}]))

    def test_boxes(self):
        chart = self.chart("plt.boxplot([[1, 2, 3, 10]], labels=['b'])\n"
                           "plt.show()")
        self.assertEqual((chart["type"], chart["elements"]),
                         ("box_and_whisker", [{
                             "label": "b", "outliers": [10], "min": 1,
                             "first_quartile": 1.75, "median": 2.5,
                             "third_quartile": 4.75, "max": 4.75}]))

    def test_point_clouds_and_other_scales(self):
        chart = self.chart("plt.scatter([1, 2], [10, 1000])\n"
                           "plt.yscale('log')\nplt.show()")
        self.assertEqual((chart["type"], chart["y_scale"]), ("scatter", "log"))
        self.assertEqual(chart["elements"], [
            {"label": "Points 1", "points": [[1, 10], [2, 1000]]}])

    def test_several_in_one_figure(self):
        chart = self.chart(
            "f, a = plt.subplots(2, 2)\na[0][0].plot([1, 2])\n"
            "a[0][1].bar(['p'], [1])\na[1][0].imshow(np.eye(2))\n"
            "f.suptitle('S')\nplt.show()")
        self.assertEqual((chart["type"], chart["title"]),
                         ("composite_chart", "S"))
        self.assertEqual([one["type"] for one in chart["elements"]],
                         ["line", "bar", "unknown"])
        for one in chart["elements"]:
            self.check_picture(one)
        self.assertEqual(chart["elements"][1]["elements"][0]["value"], "1")

    def test_two_axes_in_one_place_and_color_bars(self):
        chart = self.chart("f, a = plt.subplots()\na.plot([1, 2])\n"
                           "a.twinx().plot([10, 20])\nplt.show()")
        self.assertEqual((chart["type"], len(chart["elements"])), ("line", 2))
        chart = self.chart("plt.colorbar(plt.imshow(np.eye(3)))\nplt.show()")
        self.assertEqual((chart["type"], chart["elements"]), ("unknown", []))

    def test_each_show_hands_over_what_is_new(self):
        charts = self.charts("for i in range(3):\n  plt.plot([i])\n"
                             "  plt.show()\nplt.show()\n"
                             "f = plt.figure()\nplt.plot([3])\nf.show()")
        self.assertEqual([c["elements"][0]["points"] for c in charts],
                         [[[0, i]] for i in range(4)])

    def test_a_million_points_are_thinned(self):
        chart = self.chart("plt.plot(np.arange(1000000))\nplt.show()")
        points = chart["elements"][0]["points"]
        self.assertLessEqual(len(points), 20001)
        self.assertEqual((points[0], points[-1]), ([0, 0], [999999, 999999]))

    def test_charts_that_are_too_large_are_left_out_and_told(self):
        answer = self.daemon.code_run(
            "python", SHOWN + "for _ in range(4):\n"
            "  plt.figure(figsize=(12, 12), dpi=100)\n"
            "  plt.imshow(np.random.rand(1200, 1200, 3), "
            "interpolation='none')\n  plt.show()\nprint('on')")
        self.assertEqual(answer["exitCode"], 0)
        self.assertIn("a chart was left out", answer["result"])
        self.assertTrue(answer["result"].endswith("on\n"))
        self.assertIn(len(answer["artifacts"]["charts"]), (1, 2, 3))

    def test_no_charts_no_artifacts(self):
        answer = self.daemon.code_run("python", SHOWN + "plt.plot([1])")
        self.assertEqual(answer, {"exitCode": 0, "result": ""})

    def test_what_the_code_writes_there_is_no_chart(self):
        answer = self.daemon.code_run(
            "python", "import os\nos.write(8, b'nonsense\\n{\"a\":\\n')\n"
            "print(os.system('test -e /proc/self/fd/8'))")
        self.assertEqual(answer, {"exitCode": 0, "result": "256\n"})

    def test_errors_name_the_code_only(self):
        answer = self.daemon.code_run("python", SHOWN + "1 / 0")
        self.assertEqual(answer["exitCode"], 1)
        self.assertEqual(answer["result"].splitlines()[:3], [
            "Traceback (most recent call last):",
            '  File "<stdin>", line 5, in <module>', "    1 / 0"])


class Interpreter(WithImage):
    def test_charts_are_chunks(self):
        run = Run(self.daemon, SHOWN + "plt.bar(['a'], [1])\nplt.show()").end()
        self.assertEqual([c["type"] for c in run.chunks], ["chart", "control"])
        chart = run.chunks[0]["chart"]
        self.check_picture(chart)
        self.assertEqual(chart["elements"], [
            {"label": "a", "value": "1", "group": "Group 1"}])
        again = Run(self.daemon, "plt.plot([1])\nplt.show()").end()
        self.assertEqual(again.chunks[0]["chart"]["type"], "line")
        self.assertEqual(json.dumps(again.chunks[0]["text"]), '""')


if __name__ == "__main__":
    unittest.main()
