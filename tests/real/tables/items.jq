# Short names for DynamoDB items, and null handling: a null value leaves its attribute out.
def pad($width): tostring | ("0" * $width + .)[-$width:];
def name: "k" + pad(5);
def s: if . == null then null else {S: .} end;
def n: if . == null then null else {N: tostring} end;
def bool: if . == null then null else {BOOL: .} end;
def item: {Item: with_entries(select(.value != null))};
