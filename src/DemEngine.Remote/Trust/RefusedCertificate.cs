using System.Security.Authentication;
using DemEngine.Errors;

namespace DemEngine.Remote.Trust;

/// <summary>Recognises connections that failed because the server's certificate is not accepted.</summary>
internal static class RefusedCertificate
{
    private const string Trusted = "SSL_CERT_FILE";

    /// <summary>
    /// Finds why a certificate was refused; null where something else failed. A handshake that broke off has a further cause or
    /// is an error of reading, and may succeed next time; this one does not.
    /// </summary>
    public static string? In(Exception e)
    {
        for (Exception? cause = e; cause is not null; cause = cause.InnerException)
        {
            if (cause is AuthenticationException { InnerException: null })
                return $"the server's certificate is not trusted: {cause.Message}{Missing()}";
        }

        return null;
    }

    // A file that is not there is passed over by the system without a word.
    private static string Missing() => Environment.GetEnvironmentVariable(Trusted) is { Length: > 0 } file && !File.Exists(file)
        ? $" ({Trusted} names {Quoted.Name(file)}, which is no file)"
        : "";
}
