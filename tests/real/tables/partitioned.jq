include "items";
["eu/west=1", "a b", "per%20cent", "é:?#\"\\", null, "__HIVE_DEFAULT_PARTITION__ ", "日本"] as $regions
| range(420)
| (if . % 70 == 1 then "moved" else $regions[. % 7] end) as $region
| select(. % 3 != 1 or $region != null)
| {pk: name | s, region: $region | s, day: [null, "1970-01-01", "1970-01-02"][. % 3] | s, flag: (. % 2 == 0) | bool, qty: n}
+ (if . % 2 == 0 then {level: {N: "1.5"}, at: "2024-02-29T12:34:56.789012Z" | s} else {} end)
| item
