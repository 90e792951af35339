// One module of @grafana/data: the whole of it wants a browser.
const { dirname, join } = require('node:path');

const home = dirname(require.resolve('@grafana/data/package.json'));
module.exports = { rangeUtil: require(join(home, 'dist/cjs/datetime/rangeutil.cjs')) };
