// Colours of annotations, from Grafana's names to CSS.
export const colored = (name, theme) => theme.visualization.getColorByName(name ?? 'rgba(0, 211, 255, 1)');
