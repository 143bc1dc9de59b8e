"use strict";
(() => {
  const D = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const ABSENT = -32768, FEW_PEOPLE = 12, FEW_VERBS = 40;
  const view = { a: D.start, b: D.end > D.start ? D.end : D.start + 1, cursor: null };
  const whole = { a: view.a, b: view.b };
  const state = { person: -1, angle: null, joint: null, axis: "y", all: false, verbs: FEW_VERBS };
  const J = D.layout ? D.layout.joints.length : 0, W = 2 * J + D.angles.length;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // ---- small helpers -------------------------------------------------------------------------------------------
  const el = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes)) {
      if (key === "text") node.textContent = value;
      else if (key === "on") for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
      else if (key === "style") Object.assign(node.style, value);
      else node.setAttribute(key, value);
    }
    node.append(...children);
    return node;
  };
  const words = (name) => name.replaceAll("_", " ");
  const percent = (share) => `${Math.round(share * 100)} %`;
  const clock = (s, digits = 1) => {
    const sign = s < 0 ? "-" : "", unit = 10 ** digits;
    const all = Math.round(Math.abs(s) * unit);
    const hours = Math.floor(all / (3600 * unit)), minutes = Math.floor(all / (60 * unit)) % 60;
    const seconds = ((all % (60 * unit)) / unit).toFixed(digits).padStart(digits ? 3 + digits : 2, "0");
    return `${sign}${hours ? hours + ":" + String(minutes).padStart(2, "0") : minutes}:${seconds}`;
  };
  const dark = (hex) => {
    const [r, g, b] = [1, 3, 5].map((at) => (parseInt(hex.slice(at, at + 2), 16) / 255) ** 2.2);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.24;
  };
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
  const curves = (person) => {
    const c = person && person.curves;
    if (c && !c.time) {
      c.time = Float64Array.from(new Float32Array(bytes(c.t)), (t) => t + c.t0);
      for (const key of ["v", "lo", "hi"]) if (c[key]) c[key] = new Int16Array(bytes(c[key]));
      const steps = Array.from(c.time).slice(1).map((t, i) => t - c.time[i]).sort((x, y) => x - y);
      c.gap = Math.max(0.3, 3.5 * (c.bin_s || steps[steps.length >> 1] || 0));
    }
    return c;
  };
  const first = (times, t) => {
    let low = 0, high = times.length;
    while (low < high) { const mid = (low + high) >> 1; if (times[mid] < t) low = mid + 1; else high = mid; }
    return low;
  };
  const nearest = (c, t) => {
    const at = first(c.time, t);
    const best = at > 0 && (at >= c.n || t - c.time[at - 1] < c.time[at] - t) ? at - 1 : at;
    return Math.abs(c.time[best] - t) <= c.gap ? best : -1;
  };
  const ticks = (a, b, most) => {
    const span = (b - a) / most, base = 10 ** Math.floor(Math.log10(span || 1));
    const step = [1, 2, 5, 10].map((k) => k * base).find((s) => s >= span) || 1;
    const found = [];
    for (let t = Math.ceil(a / step - 1e-9) * step; t <= b + 1e-9 && found.length < 50; t += step) found.push(t);
    return found;
  };
  const timeTicks = (most) => {
    const span = view.b - view.a;
    const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600]
      .find((s) => span / s <= most) || 86400;
    const found = [];
    for (let t = Math.ceil(view.a / step - 1e-9) * step; t <= view.b + 1e-9 && found.length < 50; t += step) found.push(t);
    return [found, step < 1 ? 1 : 0];
  };

  // ---- tooltip, cursor, zoom -----------------------------------------------------------------------------------
  const tip = $("tip");
  const showTip = (event, ...lines) => {
    tip.replaceChildren(...lines);
    tip.hidden = false;
    const x = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
    const y = event.clientY + 18 + tip.offsetHeight > innerHeight ? event.clientY - tip.offsetHeight - 12 : event.clientY + 18;
    tip.style.left = `${Math.max(4, x)}px`;
    tip.style.top = `${Math.max(4, y)}px`;
  };
  const hideTip = () => { tip.hidden = true; };
  const video = $("video");
  const seek = (t) => {
    setCursor(t);
    if (!video.hidden && Number.isFinite(video.duration)) {
      video.currentTime = Math.min(Math.max(0, t - D.video_start), video.duration);
    }
  };
  const painters = [];
  let asked = false;
  const repaint = () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; for (const paint of painters) paint(); });
  };
  const setCursor = (t) => {
    view.cursor = Math.min(Math.max(t, whole.a), whole.b);
    $("cursor-text").textContent = `at ${clock(view.cursor, 2)}`;
    for (const mark of document.querySelectorAll(".mark")) placeMark(mark);
    repaint();
  };
  const zoom = (a, b) => {
    view.a = Math.max(whole.a, a);
    view.b = Math.min(whole.b, b);
    if (view.b - view.a < 0.05) view.b = view.a + 0.05;
    $("zoom-out").hidden = view.a <= whole.a && view.b >= whole.b;
    drawTimeline();
    repaint();
  };
  $("zoom-out").addEventListener("click", () => zoom(whole.a, whole.b));
  const share = (t) => (t - view.a) / (view.b - view.a);
  const placeMark = (mark) => {
    const s = view.cursor === null ? -1 : share(view.cursor);
    mark.hidden = s < 0 || s > 1;
    mark.style.left = `${s * 100}%`;
  };
  // Moving shows the time; a click goes there; dragging with a mouse zooms; a second click in place zooms out.
  const timed = (node, box) => {
    let from = null;
    const at = (event) => {
      const { left, width } = box(node);
      return view.a + Math.min(1, Math.max(0, (event.clientX - left) / width)) * (view.b - view.a);
    };
    node.addEventListener("pointermove", (event) => {
      setCursor(at(event));
      if (from !== null) { node.band = [from, view.cursor]; repaint(); if (node.onband) node.onband(); }
    });
    node.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "mouse" && event.button === 0) {
        from = at(event);
        node.setPointerCapture(event.pointerId);
      }
    });
    node.addEventListener("pointerup", (event) => {
      const to = at(event), start = from;
      from = null;
      node.band = null;
      if (node.onband) node.onband();
      const far = start !== null && Math.abs(share(to) - share(start)) > 0.015;
      if (far) zoom(Math.min(start, to), Math.max(start, to));
      else if (event.target === node) seek(to);
      repaint();
    });
    node.addEventListener("pointercancel", () => { from = null; node.band = null; });
    node.addEventListener("dblclick", () => zoom(whole.a, whole.b));
  };

  // ---- head ----------------------------------------------------------------------------------------------------
  const fact = (number, text) => el("li", {}, el("b", { text: number }), ` ${text}`);
  $("facts").append(fact(String(D.people_total), D.people_total === 1 ? "person" : "people"));
  if (D.frames > 1) $("facts").append(fact(clock(D.end - D.start), "long"));
  $("facts").append(fact(D.frames.toLocaleString("en"), D.frames === 1 ? "frame" : "frames"));
  if (D.frames > 1) $("facts").append(fact(((D.frames - 1) / (D.end - D.start)).toFixed(1), "frames a second"));
  if (D.size) $("facts").append(fact(`${D.size[0]} x ${D.size[1]}`, "px"));

  // ---- timeline ------------------------------------------------------------------------------------------------
  const byPerson = D.people.map(() => []);
  D.segments.forEach((segment) => segment[0].forEach((row) => byPerson[row].push(segment)));
  const pairs = new Map();  // "3 + 5": a lane of their own, so that neither hides what one of them does
  const names = (rows) => rows.map((row) => D.people[row].id).join(" + ");
  D.segments.filter(([rows]) => rows.length > 1).forEach((segment) => {
    const name = names(segment[0]);
    if (!pairs.has(name)) pairs.set(name, []);
    pairs.get(name).push(segment);
  });
  const segmentTip = (event, [rows, verb, start, end, confidence, top5]) => showTip(
    event,
    el("b", { text: `${words(D.verbs[verb][0])}  ${percent(confidence)}` }),
    el("div", { text: `${clock(start, 2)} to ${clock(end, 2)}, ${(end - start).toFixed(2)} s` }),
    el("div", { text: `person ${names(rows)}` }),
    ...top5.slice(0, 5).map(([name, chance]) => el("div", { text: `${words(name)}  ${percent(chance)}` })),
  );
  const drawTimeline = () => {
    const [marks, digits] = timeTicks(Math.max(2, Math.floor($("ruler").clientWidth / 80)));
    $("ruler").replaceChildren(...marks.filter((t) => share(t) > 0.015 && share(t) < 0.985 || marks.length < 3).map((t) =>
      el("span", { text: clock(t, digits), style: { left: `${share(t) * 100}%`, ...(share(t) < 0.015 ? { transform: "none" } : {}) } })));
    const few = (all) => state.all ? all : all.slice(0, FEW_PEOPLE);
    const own = (row) => byPerson[row].filter(([rows]) => rows.length === 1);
    const lanes = [
      ...few(D.people).map((person, row) => ({ ...person, chip: person.colour, row, segments: own(row) })),
      ...few([...pairs]).map(([id, segments]) => {
        const row = segments[0][0][0];
        return { id, chip: D.people[row].colour, spans: [], row, segments, pair: true };
      }),
    ];
    $("lanes").replaceChildren(...lanes.map(({ id, chip, spans, row, segments, pair }) => {
      const lane = el("div", { class: "lane" });
      for (const [a, b] of spans) {
        if (b < view.a || a > view.b) continue;
        lane.append(el("div", { class: "span", style: { left: `${share(a) * 100}%`, width: `max(2px, ${(share(b) - share(a)) * 100}%)` } }));
      }
      for (const segment of segments) {
        const [, verb, a, b] = segment;
        if (b < view.a || a > view.b) continue;
        const left = Math.max(0, share(a)), right = Math.min(1, share(b));
        const [name, tint] = D.verbs[verb];
        const thin = (right - left) * lane_width < 40;
        lane.append(el("button", {
          class: `seg${thin ? " thin" : ""}${dark(tint) ? " dark" : ""}`,
          text: thin ? "" : words(name), "aria-label": `${words(name)} ${clock(a)} to ${clock(b)}`,
          style: { left: `${left * 100}%`, width: `max(2px, calc(${(right - left) * 100}% - 1px))`, background: tint },
          on: {
            pointermove: (event) => segmentTip(event, segment), pointerleave: hideTip,
            click: () => { select(row); seek(Math.max(a, Math.min(b, view.cursor === null ? a : view.cursor))); },
          },
        }));
      }
      const mark = el("div", { class: "mark" });
      const band = el("div", { class: "band", hidden: "" });
      placeMark(mark);
      lane.append(band, mark);
      lane.onband = () => {
        band.hidden = !lane.band;
        if (lane.band) {
          const [x, y] = [...lane.band].sort((p, q) => p - q).map(share);
          band.style.left = `${x * 100}%`;
          band.style.width = `${(y - x) * 100}%`;
        }
      };
      timed(lane, (node) => node.getBoundingClientRect());
      const pressed = String(!pair && row === state.person);
      const who = el("button", { class: pair ? "who pair" : "who", "aria-pressed": pressed, title: `person ${id}`, on: { click: () => select(row) } },
        el("i", { style: { background: chip } }), el("span", { text: id }));
      return el("div", { class: "row" }, who, lane);
    }));
    if (!D.people.length) $("lanes").replaceChildren(el("p", { class: "empty", text: "Nobody was found in this recording." }));
    const more = $("more-people");
    more.hidden = Math.max(D.people.length, pairs.size) <= FEW_PEOPLE;
    more.textContent = state.all ? "Show fewer people" : `Show all ${D.people.length} people${pairs.size ? " and pairs" : ""}`;
  };
  let lane_width = 800;
  $("more-people").addEventListener("click", () => { state.all = !state.all; drawTimeline(); });
  $("legend").append(...D.verbs.map(([name, tint]) =>
    el("span", {}, el("i", { class: "dot", style: { background: tint } }), words(name))));
  if (D.people_total > D.people.length) {
    $("legend").append(el("span", { text: `${D.people.length} of ${D.people_total} people listed, those seen longest` }));
  }

  // ---- pictures ------------------------------------------------------------------------------------------------
  if (D.video) {
    video.src = encodeURIComponent(D.video);
    video.hidden = false;
    video.addEventListener("timeupdate", () => { if (!video.paused) setCursor(video.currentTime + D.video_start); });
    video.addEventListener("error", () => { video.hidden = true; if (!D.key_frames.length) $("look-card").hidden = true; });
  } else video.removeAttribute("src");
  $("strip").append(...D.key_frames.map((frame) => el("button", { title: `go to ${clock(frame.t)}`, on: { click: () => seek(frame.t) } },
    el("img", { src: frame.src, width: frame.w, height: frame.h, alt: `frame at ${clock(frame.t)}`, style: { aspectRatio: `${frame.w} / ${frame.h}` } }),
    el("small", { text: clock(frame.t) }))));
  $("look").classList.toggle("tall", Boolean(D.size && D.size[1] > D.size[0]));
  $("look-card").hidden = !D.video && !D.key_frames.length;

  // ---- charts --------------------------------------------------------------------------------------------------
  const INSET = { left: 46, right: 10, top: 8, bottom: 20 };
  const chart = (id, options) => {
    const node = $(id);
    const plot = () => {
      const box = node.getBoundingClientRect();
      return { left: box.left + INSET.left, width: box.width - INSET.left - INSET.right };
    };
    const paint = () => {
      const wide = node.clientWidth, tall = node.clientHeight, ratio = devicePixelRatio || 1;
      if (!wide) return;
      node.width = wide * ratio;
      node.height = tall * ratio;
      const g = node.getContext("2d");
      g.scale(ratio, ratio);
      const lines = options.lines(), [low, high] = options.range(lines);
      const x = (t) => INSET.left + share(t) * (wide - INSET.left - INSET.right);
      const y = (v) => tall - INSET.bottom - ((v - low) / (high - low || 1)) * (tall - INSET.top - INSET.bottom);
      axes(g, wide, tall, low, high, x, y, options);
      g.save();
      g.beginPath();
      g.rect(INSET.left, 0, wide - INSET.left - INSET.right, tall - INSET.bottom + 2);
      g.clip();
      if (node.band) {
        const [p, q] = node.band.map(x);
        g.fillStyle = colour("--accent");
        g.globalAlpha = 0.18;
        g.fillRect(Math.min(p, q), INSET.top, Math.abs(q - p), tall - INSET.bottom - INSET.top);
        g.globalAlpha = 1;
      }
      for (const line of lines) stroke(g, line, x, y);
      if (view.cursor !== null) {
        g.fillStyle = colour("--ink");
        g.globalAlpha = 0.5;
        g.fillRect(x(view.cursor) - 0.5, INSET.top, 1, tall - INSET.bottom - INSET.top);
        g.globalAlpha = 1;
      }
      g.restore();
      if (options.now) options.now(lines);
      if (!lines.length) {
        g.fillStyle = colour("--soft");
        g.fillText(options.empty || "No data", INSET.left + 8, tall / 2);
      }
    };
    timed(node, plot);
    painters.push(paint);
  };
  const axes = (g, wide, tall, low, high, x, y, options) => {
    g.font = "12px system-ui, sans-serif";
    g.fillStyle = colour("--soft");
    g.strokeStyle = colour("--line");
    g.lineWidth = 1;
    g.textAlign = "right";
    g.textBaseline = "middle";
    for (const v of options.ticks || ticks(low, high, tall > 140 ? 4 : 3)) {
      const at = Math.round(y(v)) + 0.5;
      g.beginPath();
      g.moveTo(INSET.left, at);
      g.lineTo(wide - INSET.right, at);
      g.stroke();
      g.fillText(options.label ? options.label(v) : String(+v.toPrecision(6)), INSET.left - 7, at);
    }
    g.textBaseline = "alphabetic";
    const [marks, digits] = timeTicks(Math.max(2, Math.floor(wide / 90)));
    for (const t of marks) {
      g.textAlign = x(t) < INSET.left + 18 ? "left" : x(t) > wide - 26 ? "right" : "center";
      g.fillText(clock(t, digits), x(t), tall - 5);
    }
    g.textAlign = "left";
  };
  // One line: values by row, gaps left open; many rows a pixel become their extent.
  const stroke = (g, line, x, y) => {
    const { time, value, low, high, gap } = line;
    const from = Math.max(0, first(time, view.a) - 1), to = Math.min(time.length, first(time, view.b) + 1);
    g.strokeStyle = g.fillStyle = line.colour;
    g.lineWidth = 1.8;
    g.lineJoin = "round";
    if (low) {
      g.globalAlpha = 0.26;
      for (let i = from; i < to; i++) {
        if (Number.isNaN(low(i))) continue;
        const left = x(time[i]), right = Math.max(left + 1, x(time[i] + line.width));
        g.fillRect(left, y(high(i)), right - left, Math.max(1.2, y(low(i)) - y(high(i))));
      }
      g.globalAlpha = 0.5;
      g.lineWidth = 1;
      for (const edge of [low, high]) {
        g.beginPath();
        for (let i = from, pen = false; i < to; i++) {
          const v = edge(i);
          if (Number.isNaN(v) || (i && time[i] - time[i - 1] > gap)) pen = false;
          if (Number.isNaN(v)) continue;
          if (pen) g.lineTo(x(time[i] + line.width / 2), y(v));
          else g.moveTo(x(time[i] + line.width / 2), y(v));
          pen = true;
        }
        g.stroke();
      }
      g.globalAlpha = 1;
      return;
    }
    g.beginPath();
    let pen = false, last = 0, column = null, ends = null;
    const flush = () => { if (ends) { g.lineTo(column, y(ends[0])); g.lineTo(column, y(ends[1])); ends = null; } };
    const dense = to - from > 4000;
    for (let i = from; i < to; i++) {
      const v = value(i), at = x(time[i]);
      if (Number.isNaN(v)) { flush(); pen = false; continue; }
      if (pen && time[i] - last > gap) { flush(); pen = false; }
      if (!pen) {
        g.moveTo(at, y(v));
        if (i + 1 >= to || time[i + 1] - time[i] > gap || Number.isNaN(value(i + 1))) {
          g.moveTo(at + 1, y(v));
          g.arc(at, y(v), 1, 0, 7);
          g.moveTo(at, y(v));
        }
      } else if (dense) {
        if (column === Math.round(at) && ends) { ends[0] = Math.min(ends[0], v); ends[1] = Math.max(ends[1], v); }
        else { flush(); column = Math.round(at); ends = [v, v]; }
      } else g.lineTo(at, y(v));
      pen = true;
      last = time[i];
    }
    flush();
    g.stroke();
  };
  const column = (person, c, scale, flip, name, side) => {
    const read = (data) => (i) => { const v = data[i * W + c]; return v === ABSENT ? NaN : (flip ? -1 : 1) * v / scale; };
    const s = curves(person);
    const tint = side === "left" ? "--left" : side === "right" ? "--right" : "--ink";
    const line = { name, colour: colour(tint), time: s.time, gap: s.gap, value: read(s.v), at: (t) => nearest(s, t) };
    if (s.lo) Object.assign(line, { low: read(flip ? s.hi : s.lo), high: read(flip ? s.lo : s.hi), width: s.bin_s });
    return line;
  };
  const extent = (lines, pad) => {
    let low = Infinity, high = -Infinity;
    for (const line of lines) {
      const from = Math.max(0, first(line.time, view.a) - 1), to = Math.min(line.time.length, first(line.time, view.b) + 1);
      for (let i = from; i < to; i++) {
        const a = line.low ? line.low(i) : line.value(i), b = line.high ? line.high(i) : line.value(i);
        if (a < low) low = a;
        if (b > high) high = b;
      }
    }
    if (low > high) return [0, 1];
    const room = Math.max(pad, (high - low) * 0.08);
    return [low - room, high + room];
  };
  const now = (id, unit) => (lines) => {
    $(id).replaceChildren(...lines.map((line) => {
      const at = view.cursor === null ? -1 : line.at(view.cursor);
      const v = at < 0 ? NaN : line.value(at);
      const text = Number.isNaN(v) ? line.name : `${line.name} ${Math.abs(v).toFixed(0)}${unit}`;
      return el("span", {}, el("i", { class: "dot", style: { background: line.colour } }), text);
    }));
  };

  // ---- motion --------------------------------------------------------------------------------------------------
  const person = () => D.people[state.person];
  const select = (row) => {
    if (!D.people[row]) return;
    state.person = row;
    $("person").value = String(row);
    document.querySelectorAll(".who:not(.pair)").forEach((node, at) => node.setAttribute("aria-pressed", String(at === row)));
    const c = curves(person());
    $("motion-hint").textContent = !c ? "No curves are kept for this person; the .poses.h5 file has all of them."
      : c.bin_s ? `Long recording: bands span what happens within ${c.bin_s.toFixed(1)} s. All frames are in the .poses.h5 file.`
      : "Angles as seen in the picture; 180\u00b0 is stretched. Drag to zoom, double-click to see all.";
    repaint();
  };
  const tabs = (id, names, get, set) => {
    const draw = () => $(id).replaceChildren(...names.map((name) => el("button", {
      text: words(name), "aria-pressed": String(name === get()), on: { click: () => { set(name); draw(); repaint(); } },
    })));
    draw();
  };
  const motion = () => {
    const rows = D.people.map((p, row) => [p, row]);
    $("person").append(...rows.map(([p, row]) => el("option", { value: String(row), text: `${p.id}${p.curves ? "" : " (no curves)"}` })));
    $("person").addEventListener("change", (event) => select(Number(event.target.value)));
    const names = [...new Set(D.angles.map(([name]) => name))];
    state.angle = names.includes("knee") ? "knee" : names[0];
    tabs("angle-pick", names, () => state.angle, (name) => { state.angle = name; });
    const bare = [...new Set(D.layout.joints.map((joint) => joint.replace(/^(left|right)_/, "")))];
    state.joint = bare.includes("wrist") ? "wrist" : bare[0];
    $("joint").append(...bare.map((name) => el("option", { value: name, text: words(name) })));
    $("joint").value = state.joint;
    $("joint").addEventListener("change", (event) => { state.joint = event.target.value; repaint(); });
    tabs("axis-pick", ["height", "sideways"], () => (state.axis === "y" ? "height" : "sideways"), (name) => { state.axis = name === "height" ? "y" : "x"; });
    chart("angle", {
      lines: () => curves(person()) ? D.angles.map(([name, side], at) => [name, side, at]).filter(([name]) => name === state.angle)
        .map(([, side, at]) => column(person(), 2 * J + at, 100, false, side, side)) : [],
      range: () => [0, 187], ticks: [0, 45, 90, 135, 180], label: (v) => `${v}\u00b0`, now: now("angle-now", "\u00b0"),
    });
    chart("trail", {
      lines: () => curves(person()) ? D.layout.joints.map((joint, at) => [joint, at]).filter(([joint]) => joint.replace(/^(left|right)_/, "") === state.joint)
        .map(([, at]) => column(person(), 2 * at + (state.axis === "y" ? 1 : 0), curves(person()).scale, state.axis === "y",
          D.layout.sides[at] === "centre" ? words(state.joint) : D.layout.sides[at], D.layout.sides[at]))
        .sort((p, q) => (p.name < q.name ? -1 : 1)) : [],
      range: (lines) => extent(lines, 4), label: (v) => Math.abs(v).toFixed(0), now: now("joint-now", " px"),
    });
    painters.push(drawStage);
    const start = D.people.findIndex((p) => p.curves);
    select(Math.max(0, start));
    const c = curves(person());
    if (view.cursor === null && c) setCursor(c.time[Math.floor(c.n / 2)]);
  };
  const drawStage = () => {
    const node = $("stage"), wide = node.clientWidth, [w, h] = D.size || [1, 1];
    node.style.height = `${Math.max(150, Math.min(380, (wide - 16) * h / w + 16))}px`;
    const tall = node.clientHeight, ratio = devicePixelRatio || 1;
    if (!wide) return;
    node.width = wide * ratio;
    node.height = tall * ratio;
    const g = node.getContext("2d");
    g.scale(ratio, ratio);
    const k = Math.min((wide - 16) / w, (tall - 16) / h), dx = (wide - k * w) / 2, dy = (tall - k * h) / 2;
    if (D.size) {
      g.fillStyle = colour("--card");
      g.globalAlpha = 0.7;
      g.fillRect(dx, dy, k * w, k * h);
      g.globalAlpha = 1;
    }
    g.lineCap = "round";
    let drawn = 0, mine = false;
    D.people.forEach((p, row) => {
      if (row === state.person || view.cursor === null || drawn > 30) return;
      const c = p.curves && p.spans.some(([a, b]) => view.cursor >= a - 0.3 && view.cursor <= b + 0.3) ? curves(p) : null;
      const at = c ? nearest(c, view.cursor) : -1;
      if (at >= 0) { figure(g, c, at, k, dx, dy, false, p.colour); drawn++; }
    });
    const c = curves(person());
    const at = c && view.cursor !== null ? nearest(c, view.cursor) : -1;
    if (at >= 0) mine = figure(g, c, at, k, dx, dy, true, person().colour);
    const now = state.person < 0 ? [] : byPerson[state.person].filter(([, , a, b]) => a <= view.cursor && view.cursor <= b);
    const doing = now.find(([, verb]) => D.verbs[verb][0] !== "unknown") || now[0];
    $("stage-text").textContent = view.cursor === null || state.person < 0 ? "" :
      `person ${person().id} at ${clock(view.cursor, 2)}${mine ? "" : ": not tracked here"}${doing ? ", " + words(D.verbs[doing[1]][0]) + " " + percent(doing[4]) : ""}`;
  };
  const figure = (g, c, at, k, dx, dy, bright, tint) => {
    const point = (j) => {
      const x = c.v[at * W + 2 * j], y = c.v[at * W + 2 * j + 1];
      return x === ABSENT ? null : [dx + k * (x / c.scale + 0.5), dy + k * (y / c.scale + 0.5)];
    };
    const points = D.layout.joints.map((_, j) => point(j));
    const known = points.filter(Boolean);
    if (!known.length) return false;
    const ys = known.map((p) => p[1]), size = Math.max(...ys) - Math.min(...ys);
    g.globalAlpha = bright ? 1 : 0.35;
    g.lineWidth = Math.min(6, Math.max(1.6, size / 50));
    for (const [a, b] of D.layout.limbs) {
      if (!points[a] || !points[b]) continue;
      const sides = [D.layout.sides[a], D.layout.sides[b]].filter((s) => s !== "centre");
      const side = sides.length === 1 || sides[0] === sides[1] ? sides[0] : null;
      g.strokeStyle = !bright ? tint : side ? colour(`--${side}`) : tint;
      g.beginPath();
      g.moveTo(...points[a]);
      g.lineTo(...points[b]);
      g.stroke();
    }
    if (bright) {
      points.forEach((p, j) => {
        if (!p) return;
        const side = D.layout.sides[j];
        g.fillStyle = side === "centre" ? tint : colour(`--${side}`);
        g.beginPath();
        g.arc(p[0], p[1], g.lineWidth * 0.95, 0, 7);
        g.fill();
      });
    }
    g.globalAlpha = 1;
    return true;
  };

  // ---- quality -------------------------------------------------------------------------------------------------
  const quality = () => {
    const q = D.quality;
    const tile = (number, text) => el("div", { class: "tile" }, el("b", { text: number }), el("span", { text }));
    $("tiles").append(tile(percent(q.tracked), "of frames show somebody"), tile(String(q.most), "people at once, at most"),
      tile(q.score === null ? "-" : q.score.toFixed(2), "mean joint score"), tile(percent(q.seen), "of joints found while tracked"));
    const span = q.t.length > 1 ? q.t[1] - q.t[0] : 1;
    const plain = (values, tint, step) => ({
      name: "", colour: colour(tint), time: q.t, gap: Infinity, value: (i) => (values[i] === null ? NaN : values[i]), at: () => -1, step, width: span,
    });
    chart("people-chart", { lines: () => (q.t.length ? [plain(q.people, "--accent")] : []), range: () => [0, Math.max(2, q.most * 1.1)], label: (v) => (Number.isInteger(v) ? String(v) : "") });
    chart("score-chart", { lines: () => (q.t.length ? [plain(q.scores, "--accent")] : []), range: () => [0, 1.05], ticks: [0, 0.5, 1] });
    document.querySelector(".quality").hidden = !D.people.length;
    painters.push(() => histogram(q.histogram));
    if (D.layout && D.people.length) $("joints").append(...D.layout.joints.map((joint, j) => el("div", { class: "joint" },
      el("span", { text: words(joint), title: joint }),
      el("div", { title: `found in ${percent(q.joint_seen[j])} of the frames` }, el("i", { class: D.layout.sides[j], style: { width: `${q.joint_seen[j] * 100}%` } })),
      el("span", { text: q.joint_score[j] === null ? "-" : q.joint_score[j].toFixed(2) }))));
  };
  const histogram = (counts) => {
    const node = $("histogram"), wide = node.clientWidth, tall = node.clientHeight, ratio = devicePixelRatio || 1;
    if (!wide) return;
    node.width = wide * ratio;
    node.height = tall * ratio;
    const g = node.getContext("2d");
    g.scale(ratio, ratio);
    const total = counts.reduce((a, b) => a + b, 0), top = Math.max(1, ...counts);
    const step = (wide - INSET.left - INSET.right) / counts.length;
    g.font = "12px system-ui, sans-serif";
    g.fillStyle = colour("--soft");
    [0, 0.5, 1].forEach((v) => {
      g.textAlign = v === 1 ? "right" : v ? "center" : "left";
      g.fillText(String(v), INSET.left + v * step * counts.length, tall - 5);
    });
    g.textAlign = "right";
    g.fillText(total ? percent(top / total) : "0 %", INSET.left - 7, INSET.top + 8);
    g.fillStyle = colour("--accent");
    counts.forEach((count, at) => {
      const high = (count / top) * (tall - INSET.top - INSET.bottom);
      g.globalAlpha = 0.35 + (0.6 * (at + 1)) / counts.length;
      g.fillRect(INSET.left + at * step + 1, tall - INSET.bottom - high, step - 2, high);
    });
    g.globalAlpha = 1;
  };

  // ---- verbs, how it was made ----------------------------------------------------------------------------------
  const verbs = () => {
    $("verbs").replaceChildren(...D.segments.slice(0, state.verbs).map((segment) => {
      const [rows, verb, start, end, confidence, top5] = segment;
      const others = top5.filter(([name]) => name !== D.verbs[verb][0]).slice(0, 2).map(([name, chance]) => `${words(name)} ${percent(chance)}`);
      return el("tr", { on: { click: () => { select(rows[0]); seek(start); } } },
        el("td", { text: names(rows) }),
        el("td", {}, el("i", { class: "dot", style: { background: D.verbs[verb][1] } }), words(D.verbs[verb][0])),
        el("td", { class: "n", text: clock(start) }), el("td", { class: "n", text: clock(end) }),
        el("td", { class: "n", text: (end - start).toFixed(1) }), el("td", { class: "n", text: percent(confidence) }),
        el("td", { class: "soft", text: others.join(", ") }));
    }));
    const more = $("more-verbs");
    more.hidden = D.segments.length <= state.verbs;
    more.textContent = `Show ${Math.min(400, D.segments.length - state.verbs)} more`;
    $("verbs-hint").textContent = !D.segments.length ? "No verb was named." : D.segments.length < D.segments_total
      ? `the ${D.segments.length.toLocaleString("en")} longest of ${D.segments_total.toLocaleString("en")}; the .verbs.csv file has all` : "";
    document.querySelector("#verbs-card .scroll").hidden = !D.segments.length;
  };
  $("more-verbs").addEventListener("click", () => { state.verbs += 400; verbs(); });
  const how = (rows, depth, open) => {
    const parts = [];
    const plain = rows.filter(([, value]) => typeof value === "string");
    if (plain.length) parts.push(el("dl", {}, ...plain.flatMap(([name, value]) => [el("dt", { text: words(name) }), el("dd", { text: value })])));
    for (const [name, value] of rows) {
      if (typeof value === "string" || !value.length) continue;
      const box = el("details", {}, el("summary", { text: words(name) }), ...how(value, depth + 1, name === "models" && value.length < 6));
      box.open = open || (depth === 0 && name === "models");
      parts.push(box);
    }
    return parts;
  };
  $("how").append(...how([["source", D.source], ...(D.layout ? [["joint_layout", D.layout.name]] : []), ...D.how], 0, false));

  // ---- go ------------------------------------------------------------------------------------------------------
  const measure = () => { lane_width = Math.max(100, $("ruler").clientWidth); };
  measure();
  drawTimeline();
  if (D.layout && D.people.length) motion();
  else $("motion-card").hidden = true;
  quality();
  verbs();
  repaint();
  addEventListener("resize", () => { measure(); drawTimeline(); repaint(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
})();
