// Before any module of Grafana's is evaluated.
window.__grafana_public_path__ = '/public/';
window.grafanaBootData = { settings: { featureToggles: {}, appSubUrl: '' }, user: { locale: 'en-GB', language: 'en-US' }, navTree: [] };
