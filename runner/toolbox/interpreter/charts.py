"""Charts of matplotlib figures as data: what pyplot.show() hands over in place
of a window. Executed with `emit` in its globals, which takes one dict a
figure. Every number in it is finite, so that the JSON of it is valid."""

import base64
import datetime
import io
import math

MOST_POINTS = 20000
MOST_AXES = 16
DAY = 86400.0


def number(value):
    """A finite float or None."""
    try:
        if isinstance(value, datetime.datetime):
            return value.timestamp()
        out = float(value)
    except (TypeError, ValueError):
        return None
    return float("%.12g" % out) if math.isfinite(out) else None


def text_of(value):
    """A number as people write it: 3 rather than 3.0."""
    value = number(value)
    if value is None:
        return ""
    return str(int(value)) if value == int(value) else repr(value)


def scale_of(axis):
    from matplotlib import category, dates
    converter = (axis.get_converter() if hasattr(axis, "get_converter")
                 else axis.converter)
    if isinstance(converter, category.StrCategoryConverter):
        return "categorical"
    if ("Date" in type(converter).__name__
            or isinstance(axis.get_major_locator(), dates.DateLocator)):
        return "datetime"
    return axis.get_scale()


def seconds_of(value, scale):
    """Dates become seconds since 1970: matplotlib counts days."""
    if scale != "datetime" or value is None:
        return value
    from matplotlib import dates
    return dates.num2date(value).timestamp()


def ticks_of(axis, scale):
    low, high = sorted(axis.get_view_interval())
    slack = (high - low) * 1e-9
    values, labels = [], []
    for tick in axis.get_major_ticks():
        at = number(tick.get_loc())
        if at is not None and low - slack <= at <= high + slack:
            values.append(at)
            labels.append(tick.label1.get_text())
    return values, labels, [seconds_of(v, scale) for v in values]


def thinned(pairs):
    """Evenly, and never without the last."""
    if len(pairs) <= MOST_POINTS:
        return pairs
    step = -(-len(pairs) // MOST_POINTS)
    return pairs[:-1:step] + pairs[-1:]


def points(xs, ys, frame):
    pairs = []
    for x, y in zip(xs, ys):
        x, y = number(x), number(y)
        if x is not None and y is not None:
            pairs.append([x, y])
    return [[seconds_of(x, frame["x_scale"]), seconds_of(y, frame["y_scale"])]
            for x, y in thinned(pairs)]


def name_of(artist, kind, count):
    label = str(artist.get_label() or "")
    return label if label and label[0] != "_" else "%s %d" % (kind, count)


def series(axes, frame):
    """Lines, then point clouds."""
    from matplotlib.collections import PathCollection
    of_boxes = getattr(axes, "_varve_box_artists", ())
    lines, clouds = [], []
    for line in axes.get_lines():
        # Those of axhline and the like are drawn in other coordinates.
        if line in of_boxes or line.get_transform() != axes.transData:
            continue
        data = points(line.get_xdata(orig=False), line.get_ydata(orig=False),
                      frame)
        lines.append({"label": name_of(line, "Line", len(lines) + 1),
                      "points": data})
    for cloud in axes.collections:
        if isinstance(cloud, PathCollection):
            offsets = cloud.get_offsets()
            data = points([p[0] for p in offsets], [p[1] for p in offsets],
                          frame)
            clouds.append({"label": name_of(cloud, "Points", len(clouds) + 1),
                           "points": data})
    return lines, clouds


def bars(axes, frame):
    from matplotlib.container import BarContainer
    out, groups = [], 0
    for group in axes.containers:
        if not isinstance(group, BarContainer) or not len(group):
            continue
        groups += 1
        lies = getattr(group, "orientation", "vertical") == "horizontal"
        side = "y" if lies else "x"
        middles = [bar.get_y() + bar.get_height() / 2 if lies
                   else bar.get_x() + bar.get_width() / 2 for bar in group]
        labels = bar_labels(middles, frame, side)
        for bar, label in zip(group, labels):
            value = bar.get_width() if lies else bar.get_height()
            # Texts: what clients read them as.
            out.append({"label": label, "value": text_of(value),
                        "group": name_of(group, "Group", groups)})
    return out


def bar_labels(middles, frame, side):
    """Those of the ticks that the bars stand on, where each has one of its
    own, or else where they are."""
    ticks = [(at, label) for at, label in zip(frame["_%s_at" % side],
                                              frame["%s_tick_labels" % side])
             if label]
    gaps = [b[0] - a[0] for a, b in zip(ticks, ticks[1:])] or [1.0]
    near = [min(ticks, key=lambda tick: abs(tick[0] - middle))
            for middle in middles if ticks]
    if (len(set(near)) == len(middles)
            and all(abs(tick[0] - middle) <= min(gaps) / 2
                    for tick, middle in zip(near, middles))):
        return [tick[1] for tick in near]
    return [text_of(middle) for middle in middles]


def slices(axes):
    from matplotlib.patches import Wedge
    out = []
    for wedge in axes.patches:
        if isinstance(wedge, Wedge):
            out.append({"label": name_of(wedge, "Slice", len(out) + 1),
                        "angle": round(float(wedge.theta2 - wedge.theta1), 4),
                        "radius": number(wedge.r) or 0.0})
    return out


def boxes(axes):
    out = []
    for one in getattr(axes, "_varve_boxes", ()):
        box = {"label": str(one.get("label", "") or "Box %d" % (len(out) + 1)),
               "outliers": [v for v in map(number, one.get("fliers", ()))
                            if v is not None][:MOST_POINTS]}
        for name, key in (("min", "whislo"), ("first_quartile", "q1"),
                          ("median", "med"), ("third_quartile", "q3"),
                          ("max", "whishi")):
            box[name] = number(one.get(key)) or 0.0
        out.append(box)
    return out


def elements_of(axes, frame):
    """Which kind of chart it is, and its data."""
    if boxes(axes):
        return "box_and_whisker", boxes(axes)
    if slices(axes):
        return "pie", slices(axes)
    if bars(axes, frame):
        return "bar", bars(axes, frame)
    lines, clouds = series(axes, frame)
    if lines:
        return "line", lines + clouds
    return ("scatter", clouds) if clouds else ("unknown", [])


def chart_of(axes):
    frame = {"title": axes.get_title(), "x_label": axes.get_xlabel(),
             "y_label": axes.get_ylabel()}
    for side, axis in (("x", axes.xaxis), ("y", axes.yaxis)):
        scale = scale_of(axis)
        at, labels, ticks = ticks_of(axis, scale)
        frame.update({side + "_scale": scale, "_%s_at" % side: at,
                      side + "_ticks": ticks, side + "_tick_labels": labels})
    kind, elements = elements_of(axes, frame)
    out = {k: v for k, v in frame.items() if k[0] != "_"}
    out.update(type=kind, elements=elements)
    return out


def chart_or_unknown(axes):
    try:
        return chart_of(axes)
    except Exception:
        # Something was drawn that is not understood: its picture remains.
        return {"type": "unknown", "title": axes.get_title(), "elements": []}


def picture(figure, axes=None):
    out = io.BytesIO()
    box = None
    if axes is not None:
        box = axes.get_tightbbox(figure.canvas.get_renderer())
        box = box.padded(4).transformed(figure.dpi_scale_trans.inverted())
    figure.savefig(out, format="png", bbox_inches=box)
    return base64.b64encode(out.getvalue()).decode()


def is_shown(axes):
    """Neither a color bar nor an empty frame."""
    return (axes.get_visible() and axes.has_data()
            and not hasattr(axes, "_colorbar")
            and axes.get_label() != "<colorbar>")


def figure_chart(figure):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    if not isinstance(figure.canvas, FigureCanvasAgg):
        FigureCanvasAgg(figure)
    figure.canvas.draw()
    # What shares a place with another (twinx) is one chart with it.
    shown, places = [], []
    for axes in filter(is_shown, figure.axes):
        place = axes.get_position().bounds
        if place in places:
            shown[places.index(place)].append(axes)
        elif len(shown) < MOST_AXES:
            places.append(place)
            shown.append([axes])
    charts = [(group[0], merged(group)) for group in shown]
    title = getattr(figure, "_suptitle", None)
    title = title.get_text() if title is not None else ""
    if len(charts) == 1:
        out = charts[0][1]
        out["title"] = out["title"] or title
    elif charts:
        for axes, chart in charts:
            chart["png"] = picture(figure, axes)
        out = {"type": "composite_chart", "title": title,
               "elements": [chart for _, chart in charts]}
    else:
        out = {"type": "unknown", "title": title, "elements": []}
    out["png"] = picture(figure)
    return out


def merged(group):
    out = chart_or_unknown(group[0])
    for axes in group[1:]:
        more = chart_or_unknown(axes)
        if more["type"] == out["type"]:
            out["elements"] += more["elements"]
    return out


def show(*_, **__):
    """As when a window is closed: pyplot forgets the figures."""
    from matplotlib import pyplot
    for count in pyplot.get_fignums():
        figure = pyplot.figure(count)
        try:
            emit(figure_chart(figure))  # noqa: F821: given from outside
        finally:
            pyplot.close(figure)


def remember_boxes(axes_class):
    original = axes_class.bxp

    def bxp(self, bxpstats, *rest, **named):
        made = original(self, bxpstats, *rest, **named)
        self._varve_boxes = getattr(self, "_varve_boxes", []) + list(bxpstats)
        artists = [one for group in made.values() for one in group]
        self._varve_box_artists = (
            getattr(self, "_varve_box_artists", []) + artists)
        return made

    axes_class.bxp = bxp


def patch(pyplot):
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    remember_boxes(Axes)
    pyplot.show = show
    Figure.show = lambda self, *_, **__: emit(  # noqa: F821
        figure_chart(self))
