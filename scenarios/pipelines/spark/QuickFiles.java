import java.io.IOException;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileUtil;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;

/** The local file system without checksum files, and without the chmod that Hadoop runs as a program for each file. */
public final class QuickFiles extends RawLocalFileSystem {
	@Override
	public void setPermission(Path path, FsPermission permission) throws IOException {
	}
}
