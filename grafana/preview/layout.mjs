// Where Grafana puts panels: 24 columns, rows of 30 px, 8 px between; one column on a phone.
const COLUMNS = 24;
const ROW_PX = 30;
const GAP_PX = 8;
const PHONE_PX = 769;
const MARGIN_PX = 16;

export function laidOut(dashboard, pageWidth) {
  const width = pageWidth - 2 * MARGIN_PX;
  const panels = opened(dashboard.panels ?? []);
  return pageWidth < PHONE_PX ? inOneColumn(panels, width) : inAGrid(panels, width);
}

// Rows that are folded are shown unfolded: the pictures are there to show everything.
function opened(panels) {
  const all = [];
  let pushed = 0;
  for (const panel of [...panels].sort(byPlace)) {
    const moved = { ...panel, gridPos: { ...panel.gridPos, y: panel.gridPos.y + pushed } };
    all.push(moved);
    if (panel.type === 'row' && panel.panels?.length) {
      const down = moved.gridPos.y + 1 - Math.min(...panel.panels.map(({ gridPos }) => gridPos.y));
      const inside = panel.panels.map((one) => ({ ...one, gridPos: { ...one.gridPos, y: one.gridPos.y + down } }));
      all.push(...inside);
      pushed += Math.max(...inside.map(({ gridPos }) => gridPos.y + gridPos.h)) - moved.gridPos.y - 1;
    }
  }
  return all;
}

const byPlace = (a, b) => a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x;

function inAGrid(panels, width) {
  const column = (width - GAP_PX * (COLUMNS - 1)) / COLUMNS;
  const placed = panels.map((panel) => {
    const { x, y, w, h } = panel.gridPos;
    const box = { x: x * (column + GAP_PX), y: y * (ROW_PX + GAP_PX), width: w * (column + GAP_PX) - GAP_PX, height: h * (ROW_PX + GAP_PX) - GAP_PX };
    return { panel, box };
  });
  return { placed, height: Math.max(0, ...placed.map(({ box }) => box.y + box.height)), overlaps: overlapsOf(panels) };
}

function inOneColumn(panels, width) {
  let y = 0;
  const placed = [...panels].sort(byPlace).map((panel) => {
    const height = panel.gridPos.h * (ROW_PX + GAP_PX) - GAP_PX;
    const box = { x: 0, y, width, height };
    y += height + GAP_PX;
    return { panel, box };
  });
  return { placed, height: y, overlaps: [] };
}

function overlapsOf(panels) {
  const found = [];
  panels.forEach(({ title, gridPos: a }, index) => {
    for (const { title: other, gridPos: b } of panels.slice(index + 1)) {
      if (a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h) found.push(`${title} lies over ${other}`);
    }
  });
  return found;
}
