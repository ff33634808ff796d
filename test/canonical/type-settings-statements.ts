/** What {@link file://./type-settings.test.ts} asks about, under each value of each setting. */

/** Tables that the queries read. */
export const SOURCES: readonly string[] = [
  `CREATE TABLE a (id UInt64, name String, n Nullable(Int32), lc LowCardinality(String), d Date, at DateTime,
    ms DateTime64(3, 'UTC'), al UInt8 ALIAS 1, ma UInt8 MATERIALIZED 2, ar Array(UInt8), tu Tuple(x UInt8, y String),
    m Map(String, UInt64), e Enum8('x' = 1, 'y' = 2), de Decimal(10, 2), f Float64, j JSON, dy Dynamic,
    v Variant(UInt8, String), ag AggregateFunction(sum, UInt64), b Bool, ip IPv4) ENGINE = MergeTree ORDER BY id`,
  "CREATE TABLE b (id UInt32, name String, value Float32, at DateTime) ENGINE = MergeTree ORDER BY id",
];

/** Queries whose columns are asked for, with every kind of expression and join. */
export const DESCRIBED: readonly string[] = [
  "SELECT a.id AS i1, b.value AS v1, b.at AS t1 FROM a LEFT JOIN b ON a.id = b.id",
  "SELECT a.name AS n2, b.name AS n22, b.id AS i22 FROM a FULL JOIN b USING (id)",
  "SELECT toString(id) AS id, value AS v3 FROM a JOIN b USING (id)",
  "SELECT a.id AS i4, b.id AS i5 FROM a ANY RIGHT JOIN b ON a.id = b.id",
  "SELECT sum(id) AS s6, min(n) AS m6, max(name) AS x6, avg(f) AS a6, count() AS c6, uniq(id) AS u6, groupArray(n) AS g6, sumIf(id, b) AS if6, sum(de) AS d6, anyLast(at) AS l6, argMax(name, at) AS am6, quantile(0.5)(f) AS q6, sumMap(m) AS sm6, sumState(id) AS ss6, sumMerge(ag) AS me6 FROM a",
  "SELECT name AS n7, lc AS l7, count() AS c7, grouping(name) AS g7 FROM a GROUP BY ROLLUP(name, lc)",
  "SELECT name AS n8, count() AS c8 FROM a GROUP BY GROUPING SETS ((name), (lc))",
  "SELECT CAST(n AS String) AS c9, n::UInt8 AS d9, toString(n) AS e9, CAST(name AS Nullable(UInt8)) AS f9, accurateCastOrNull(id, 'UInt8') AS g9 FROM a",
  "SELECT * FROM a",
  "SELECT * FROM a, b",
  "SELECT id AS x FROM a UNION DISTINCT SELECT id FROM b",
  "SELECT id AS x FROM a EXCEPT SELECT id FROM b",
  "SELECT id AS x FROM a INTERSECT SELECT id FROM b",
  "SELECT * FROM a AS aa JOIN b AS bb ON aa.id = bb.id JOIN b AS cc ON cc.id = aa.id",
  "SELECT if(b, id, n) AS i14, multiIf(b, 1, id > 2, 2, 3.5) AS m14, coalesce(n, 1) AS c14, ifNull(n, 0) AS n14, nullIf(id, 1) AS u14, [1, n] AS a14, map('k', id) AS p14, (1, 'x') AS t14, tuple(id, name) AS tt14 FROM a",
  "SELECT now() AS n15, now64() AS s15, toDateTime('2026-01-01 00:00:00') AS d15, toStartOfHour(at) AS h15, toStartOfDay(ms) AS y15, toStartOfMonth(ms) AS mo15, toDate(at) AS da15, dateTrunc('month', at) AS tr15, dateTrunc('day', ms) AS td15, at + INTERVAL 1 MONTH AS p15, d + 1 AS d1, at - at AS m15, toTimeZone(at, 'UTC') AS z15, timeZone() AS tz, toStartOfInterval(at, INTERVAL 1 DAY) AS in15, toLastDayOfMonth(ms) AS la15, parseDateTimeBestEffort(name) AS pd15, date_diff('day', d, at) AS df15, today() AS to15, toUnixTimestamp(at) AS ux15, makeDateTime(2026,1,1,1,1,1) AS md15, fromUnixTimestamp(1) AS fu15, toDateTime64(name, 3) AS d64 FROM a",
  "SELECT de / 2 AS a16, de * de AS b16, de + f AS c16, id / 3 AS d16, intDiv(id, 2) AS e16, id - 1 AS f16, -id AS g16, id * 1.5 AS h16, id % 7 AS i16, f > 1 AS j16, not b AS k16, least(n, 1) AS l16, greatest(n, toInt32(id)) AS m16, round(de, 1) AS r16, abs(n) AS ab16, sqrt(id) AS q16, divideDecimal(de, de) AS dd16 FROM a",
  "SELECT j.x AS a17, j.x.:String AS b17, JSONExtract(name, 'k', 'Nullable(Int64)') AS c17, JSONExtractRaw(name, 'k') AS d17, dy.String AS e17, v.UInt8 AS f17, variantType(v) AS g17, dynamicType(dy) AS h17, JSONExtractKeysAndValues(name, 'UInt8') AS i17, JSON_VALUE(name, '$.a') AS jv FROM a",
  "SELECT 1 AS a18, 1.5 AS b18, -1 AS c18, 1e3 AS d18, 'x' AS e18, NULL AS f18, [1, 2, 300] AS g18, true AS h18, INTERVAL 1 DAY AS i18, 18446744073709551615 AS j18, 0xff AS k18, [] AS ee18, (1, NULL) AS tn18",
  "SELECT toString(id) AS id, id AS y19, name AS n19 FROM a",
  "SELECT ar AS x20, arrayJoin(ar) AS y20, arrayMap(z -> z + 1, ar) AS z20, tu.x AS t20, tu.1 AS u20, m['k'] AS v20, mapKeys(m) AS w20, arrayElementOrNull(ar, 1) AS ae20, m.keys AS mk20, ar.size0 AS as20, n.null AS nn20, arrayReduce('sum', ar) AS red20, arrayConcat(ar, [n]) AS ac20 FROM a",
  "SELECT ar2 AS a21, id AS i21 FROM a LEFT ARRAY JOIN ar AS ar2",
  "SELECT row_number() OVER (ORDER BY id) AS r22, lagInFrame(n) OVER (ORDER BY id) AS l22, sum(id) OVER () AS s22, lead(name) OVER (ORDER BY id) AS le22, first_value(n) OVER () AS fv22 FROM a",
  "SELECT (SELECT max(id) FROM b) AS s23, id IN (SELECT id FROM b) AS i23, exists(SELECT 1 FROM b) AS e23 FROM a",
  "WITH q AS (SELECT id, n FROM a) SELECT id AS i24, n AS n24 FROM q ORDER BY 1 LIMIT 1 BY id",
  "SELECT lower(name) AS a25, concat(name, lc) AS b25, lc AS c25, e AS d25, toTypeName(e) AS e25, splitByChar(',', name) AS f25, extractAll(name, 'x') AS g25, length(name) AS h25, format('{}', name) AS i25, formatDateTime(at, '%Y') AS j25, ip AS k25, toIPv4OrDefault(name) AS l25, toUUIDOrNull(name) AS m25, toInt32OrNull(name) AS n25, sipHash64(name) AS o25, cityHash64(name, id) AS p25, upper(lc) AS u25, lc || 'x' AS cc25, toLowCardinality(id) AS tl25, hex(name) AS hx25, position(name, 'x') AS po25 FROM a",
  "SELECT id AS i26 FROM a UNION ALL SELECT n FROM a",
  'SELECT * FROM format(JSONEachRow, \'{"fa": 1, "fb": "2026-01-01", "fc": {"x": 1}, "fd": [1, "x"], "fe": "1"}\')',
  "SELECT * FROM values('va UInt8, vb String', (1, 'x'))",
  "SELECT count(*) AS c30, any(n) AS a30 FROM a GROUP BY name WITH TOTALS",
  "SELECT count(DISTINCT id) AS c32, stddevPop(f) AS s32, topK(3)(name) AS t32, sum(n) AS su32, groupUniqArray(lc) AS gu32, maxMap(m) AS mm32, any(n) AS an32, first_value(n) AS fv32 FROM a",
  "SELECT id AS x FROM a UNION SELECT id FROM b",
  "SELECT aa.id AS i FROM a AS aa JOIN b AS bb ON aa.id = bb.id",
  "SELECT id AS p31, sum(n) AS s31 FROM a GROUP BY 1",
];

/** Statements whose object is shown. */
export const CREATED: readonly string[] = [
  "CREATE TABLE made (id UInt64, nested Nested(x UInt8, y String), s String DEFAULT toString(id)) ORDER BY id",
  "CREATE TABLE made ORDER BY tuple() AS SELECT id, min(n) AS n FROM a GROUP BY id",
  "CREATE VIEW made AS SELECT *, CAST(n AS String) AS c FROM a",
];
