-- The time zone that this session's times are told in.
SELECT current_setting('TimeZone')
