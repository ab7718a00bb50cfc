-- What an image's grey levels are fit for, measured once from its pixels.
CREATE TABLE image_adequacy (
    image    INTEGER PRIMARY KEY REFERENCES image (id),
    class    TEXT NOT NULL CHECK (class IN ('adequate', 'few_levels', 'requantised', 'stretched',
        'posterised', 'clipped', 'severely_clipped', 'not_applicable')),
    measures TEXT NOT NULL
) STRICT;

CREATE VIEW v_adequacy AS
SELECT printf('%016x', st.id) AS study, printf('%016x', i.id) AS image, i.place, a.class,
    a.measures ->> '$.high.saturated' AS at_highest, a.measures ->> '$.low.saturated' AS at_lowest,
    a.measures ->> '$.used' AS levels, a.measures ->> '$.text' AS words
FROM image_adequacy AS a JOIN image AS i ON i.id = a.image JOIN study AS st ON st.no = i.study;
