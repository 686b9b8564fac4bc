-- alert.sql - security alerts: raising them, and their public shape.

-- Columns up to acknowledged_at are the shape.  Lists: WHERE user_id = $1, by
-- (created_at, id) DESC.
CREATE OR REPLACE VIEW alert_rows AS
SELECT id, type, severity::text AS severity, title, description,
    host(ip) AS ip, created_at, acknowledged_at,
    user_id, cause, data
FROM security_alerts;

-- Raise an alert; its id, or NULL where the same type and cause was raised
-- for the user within an hour.  high and critical also make a SYSTEM
-- notification (priority 2 and 3), and critical a mail at once.  type is a
-- word in capitals (LOGIN_LOCKED), cause tells apart what may be told twice
-- (an address, a device), data is for programs: no secrets.  Two at once are
-- one: the second waits, and then finds the first.
CREATE OR REPLACE FUNCTION alert_raise(
    p_user uuid, p_type text, p_severity alert_severity, p_title text,
    p_description text DEFAULT '', p_cause text DEFAULT '',
    p_data jsonb DEFAULT '{}', p_ip inet DEFAULT NULL
) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
    made uuid;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('sparkle.alert'),
        hashtext(p_user || p_type || coalesce(p_cause, '')));
    IF EXISTS (SELECT FROM security_alerts
        WHERE user_id = p_user AND type = p_type
            AND cause = coalesce(p_cause, '')
            AND created_at > clock_now() - interval '1 hour')
    THEN
        RETURN NULL;
    END IF;
    INSERT INTO security_alerts (user_id, type, severity, cause, title,
        description, data, ip)
    VALUES (p_user, p_type, p_severity, coalesce(p_cause, ''), p_title,
        coalesce(p_description, ''), coalesce(p_data, '{}'), p_ip)
    RETURNING id INTO made;
    IF p_severity >= 'high' THEN
        PERFORM notification_put(p_user, 'SYSTEM', NULL, 'alert', made,
            p_title, coalesce(p_description, ''), '/settings/security#alerts',
            CASE p_severity WHEN 'critical' THEN 3 ELSE 2 END,
            p_channels => '{push,sms}');
    END IF;
    IF p_severity = 'critical' THEN
        PERFORM alert_mail(p_user, made, 'security-alert');
    END IF;
    RETURN made;
END
$$;

-- Mail about an alert; the job holds no more than its id.
CREATE OR REPLACE FUNCTION alert_mail(
    p_user uuid, p_alert uuid, p_mail text
) RETURNS bigint
LANGUAGE sql AS $$
SELECT job_put('mail.send', 'security_email', jsonb_build_object(
    'mail', p_mail, 'data', jsonb_build_object('alert', p_alert)), p_user)
WHERE p_alert IS NOT NULL
$$;
