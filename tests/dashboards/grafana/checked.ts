// What Grafana takes: its own types, as JSON writes them. A panel's options and field options are known by the panel's
// type alone, so that Dashboard itself leaves them open; here each kind that we draw has its own.
import type { Dashboard, DataQuery, DataSourceRef, Panel, RowPanel } from '@grafana/schema';
import type { Options as BarGauge } from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen';
import type {
  FieldConfig as HeatmapField,
  Options as Heatmap,
} from '@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen';
import type { Options as Stat } from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type {
  FieldConfig as StateTimelineField,
  Options as StateTimeline,
} from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type {
  FieldConfig as TimeSeriesField,
  Options as TimeSeries,
} from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

// Enumerations are their text in JSON.
type Plain<T> = T extends string
  ? `${T}`
  : T extends number | boolean | null | undefined
    ? T
    : T extends Array<infer Item>
      ? Array<Plain<Item>>
      : T extends object
        ? { [Name in keyof T]: Plain<T[Name]> }
        : T;

// Prometheus's data source keeps its own; it is not in the package. After DataQuery of Grafana's prometheus data source.
interface Query extends DataQuery {
  datasource: DataSourceRef;
  editorMode: 'code' | 'builder';
  expr: string;
  format: 'time_series' | 'table' | 'heatmap';
  instant: boolean;
  legendFormat: string;
  range: boolean;
}

type Source = NonNullable<Panel['fieldConfig']>;
interface Drawn<Kind extends string, Options, Custom>
  extends Omit<Plain<Panel>, 'type' | 'options' | 'fieldConfig' | 'targets'> {
  type: Kind;
  options: Plain<Options>;
  fieldConfig: {
    defaults: Omit<Plain<Source['defaults']>, 'custom'> & { custom: Plain<Custom> };
    overrides: Plain<Source['overrides']>;
  };
  targets: Array<Query>;
}

type AnyPanel =
  | Plain<RowPanel>
  | Drawn<'bargauge', BarGauge, Record<string, never>>
  | Drawn<'heatmap', Heatmap, HeatmapField>
  | Drawn<'stat', Stat, Record<string, never>>
  | Drawn<'state-timeline', StateTimeline, StateTimelineField>
  | Drawn<'timeseries', TimeSeries, TimeSeriesField>;

export interface Checked extends Omit<Plain<Dashboard>, 'panels'> {
  panels: Array<AnyPanel>;
}
