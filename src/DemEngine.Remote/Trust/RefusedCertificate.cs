using System.Security.Authentication;

namespace DemEngine.Remote.Trust;

/// <summary>Recognises connections that failed because the server's certificate is not accepted.</summary>
internal static class RefusedCertificate
{
    /// <summary>
    /// Finds why a certificate was refused; null where something else failed. A handshake that broke off has a further cause or
    /// is an error of reading, and may succeed next time; this one does not.
    /// </summary>
    public static string? In(Exception e)
    {
        for (Exception? cause = e; cause is not null; cause = cause.InnerException)
        {
            if (cause is AuthenticationException { InnerException: null })
                return cause.Message;
        }

        return null;
    }
}
